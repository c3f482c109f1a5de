// `smtpblock history`: every edit, the last one first, with what was before and after it.
#include <algorithm>

#include "cli/commands.h"
#include "cli/history_text.h"
#include "cli/selection.h"
#include "common/store_reader.h"

namespace smtpblock {
namespace {

/// The rules that are meant, those that are no longer there as well.
Result<std::vector<RuleId>> rules_meant(StoreReader& reader, const Selection& selection) {
    std::vector<RuleId> ids;
    if (selection.id) ids.push_back(*selection.id);
    for (const Pattern& pattern : selection.patterns) {
        auto found = reader.rules_once_of(pattern);
        if (!found) return std::move(found).failure();
        ids.insert(ids.end(), found->begin(), found->end());
    }
    std::sort(ids.begin(), ids.end());
    if (ids.empty()) return no_such_rule(selection);
    return ids;
}

}  // namespace

Result<int> run(const HistoryArguments& arguments, const Context& context, Terminal& terminal) {
    std::optional<Selection> selection;
    if (arguments.rule) {
        auto selected = select(*arguments.rule, arguments.type);
        if (!selected) return std::move(selected).failure();
        selection = std::move(*selected);
    }
    auto reader = StoreReader::open(context.store);
    if (!reader) return std::move(reader).failure();
    HistoryQuery query{arguments.limit, std::nullopt};
    if (selection) {
        auto rules = rules_meant(**reader, *selection);
        if (!rules) {
            reader->reset();  // before with_nearest_rule() opens the store
            return with_nearest_rule(rules.error(), context.store, {*arguments.rule});
        }
        query.rules = std::move(*rules);
    }
    terminal.page();
    HistoryPrinter printer(terminal, context.editor.now);
    if (auto walked = (*reader)->history(query, printer); !walked)
        return std::move(walked).failure();
    printer.end();
    if (printer.edits() == 0)
        terminal.note(selection ? "no edits of it are kept" : "no edits are kept");
    return finished(terminal, exit_done);
}

}  // namespace smtpblock
