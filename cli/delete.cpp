// `smtpblock delete`: all the rules that are named, or none of them.
#include <unordered_set>
#include <vector>

#include "cli/commands.h"
#include "cli/rule_text.h"
#include "cli/selection.h"
#include "common/store_reader.h"

namespace smtpblock {
namespace {

Result<std::vector<RuleId>> expired_rules(const Context& context) {
    auto reader = StoreReader::open(context.store);
    if (!reader) return std::move(reader).failure();
    std::vector<RuleId> ids;
    auto walked = (*reader)->each([&](const Rule& rule) {
        if (expired(rule.expires, context.editor.now)) ids.push_back(rule.id);
        return true;
    });
    if (!walked) return std::move(walked).failure();
    return ids;
}

Result<std::vector<Rule>> selected_rules(Edit& edit, const std::vector<Selection>& selections) {
    std::vector<Rule> rules;
    std::unordered_set<RuleId> seen;
    for (const Selection& selection : selections) {
        auto rule = find_selected(edit, selection);
        if (!rule) return std::move(rule).failure();
        if (seen.insert(rule->id).second) rules.push_back(std::move(*rule));
    }
    return rules;
}

/// Those of `ids` that are still there and have not been given a new end since they were read.
Result<std::vector<Rule>> still_expired(Edit& edit, const std::vector<RuleId>& ids, Time now) {
    std::vector<Rule> rules;
    for (const RuleId id : ids) {
        auto rule = edit.find(id);
        if (!rule) return std::move(rule).failure();
        if (*rule && expired((*rule)->expires, now)) rules.push_back(std::move(**rule));
    }
    return rules;
}

}  // namespace

Result<int> run(const DeleteArguments& arguments, const Context& context, Terminal& terminal) {
    if (arguments.rules.empty() && !arguments.expired)
        return fail(ErrorCode::bad_input, "delete: no rule; write its ID or its pattern");
    if (!arguments.rules.empty() && arguments.expired)
        return fail(ErrorCode::bad_input,
                    "delete: --expired takes no rules; write one or the other");
    std::vector<Selection> selections;
    for (const std::string& written : arguments.rules) {
        auto selection = select(written, arguments.type);
        if (!selection) return std::move(selection).failure();
        selections.push_back(std::move(*selection));
    }
    std::vector<RuleId> run_out;
    if (arguments.expired) {
        auto ids = expired_rules(context);
        if (!ids) return std::move(ids).failure();
        run_out = std::move(*ids);
    }

    auto writer = StoreWriter::open(context.store, context.config.history);
    if (!writer) return std::move(writer).failure();
    std::vector<Rule> deleted;
    auto edited =
        (*writer)->edit(context.editor, EditVerb::remove, [&](Edit& edit) -> Result<void> {
            auto rules = arguments.expired ? still_expired(edit, run_out, context.editor.now)
                                           : selected_rules(edit, selections);
            if (!rules) return std::move(rules).failure();
            for (const Rule& rule : *rules)
                if (auto removed = edit.remove(rule.id); !removed) return removed;
            deleted = std::move(*rules);
            return {};
        });
    writer->reset();  // before with_nearest_rule() opens the store
    if (!edited) return with_nearest_rule(edited.error(), context.store, arguments.rules);

    for (const Rule& rule : deleted) {
        context.log.tell("deleted", rule);
        print_edited(terminal, rule);
    }
    return finished(terminal, exit_done, "deleted");
}

}  // namespace smtpblock
