// `smtpblock edit`: changes what is named of one rule, in place.
#include <vector>

#include "cli/commands.h"
#include "cli/meanings.h"
#include "cli/rule_text.h"
#include "cli/selection.h"
#include "common/text.h"

namespace smtpblock {
namespace {

bool names_a_change(const EditArguments& arguments) {
    return arguments.pattern || arguments.direction || arguments.action || arguments.expires ||
           arguments.forever || arguments.description;
}

Result<Rule> changed(Rule rule, const EditArguments& arguments) {
    if (arguments.pattern) {
        auto pattern = Pattern::parse(rule.pattern.type(), *arguments.pattern);
        if (!pattern) return std::move(pattern).failure();
        if (auto narrow = check_breadth(*pattern, *arguments.pattern, arguments.yes); !narrow)
            return std::move(narrow).failure();
        rule.pattern = std::move(*pattern);
    }
    if (arguments.direction) rule.direction = *arguments.direction;
    if (arguments.action) rule.action = *arguments.action;
    if (arguments.expires) rule.expires = arguments.expires;
    if (arguments.forever) rule.expires.reset();
    if (arguments.description) rule.description = *arguments.description;
    return rule;
}

}  // namespace

Result<int> run(const EditArguments& arguments, const Context& context, Terminal& terminal) {
    if (!arguments.rule)
        return fail(ErrorCode::bad_input, "edit: no rule; write its ID or its pattern");
    if (!names_a_change(arguments))
        return fail(
            ErrorCode::bad_input,
            "edit: no change; write --for 1d, --action defer, or see smtpblock edit --help");
    const auto selection = select(*arguments.rule, arguments.type);
    if (!selection) return Failure(selection.error());

    auto writer = StoreWriter::open(context.store, context.config.history);
    if (!writer) return std::move(writer).failure();
    std::optional<Rule> result;
    auto edited = (*writer)->edit(context.editor, EditVerb::edit, [&](Edit& edit) -> Result<void> {
        auto found = find_selected(edit, *selection);
        if (!found) return std::move(found).failure();
        auto wanted = changed(std::move(*found), arguments);
        if (!wanted) return std::move(wanted).failure();
        auto stored = edit.change(std::move(*wanted));
        if (!stored) return std::move(stored).failure();
        result = std::move(*stored);
        return {};
    });
    writer->reset();  // before with_nearest_rule() opens the store
    if (!edited) return with_nearest_rule(edited.error(), context.store, {*arguments.rule});

    context.log.tell("changed", *result);
    print_edited(terminal, *result);
    auto status = finished(terminal, exit_done, "changed");
    if (const auto note = result->pattern.note(); status && arguments.pattern && !note.empty())
        terminal.note(fmt::format("{}: {}", quoted(result->pattern.text()), note));
    return status;
}

}  // namespace smtpblock
