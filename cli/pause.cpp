// `smtpblock pause` and `smtpblock resume`: every daemon on the store lets everything pass, until a
// time that always comes.
#include "cli/commands.h"
#include "cli/daemons.h"
#include "cli/json.h"
#include "common/time_text.h"

namespace smtpblock {
namespace {

constexpr std::chrono::minutes usual_pause{10};

Result<int> set_pause(const std::optional<Time>& until, EditVerb verb, const Context& context,
                      Terminal& terminal) {
    auto writer = StoreWriter::open(context.store, context.config.history);
    if (!writer) return std::move(writer).failure();
    auto edited = (*writer)->edit(context.editor, verb, [&](Edit& edit) -> Result<void> {
        edit.pause(until);
        return {};
    });
    if (!edited) return std::move(edited).failure();
    const bool changed = (*writer)->revision() != 0;
    writer->reset();  // before tell_where_in_force() opens the store
    if (changed)
        context.log.tell(until ? fmt::format("paused until={}", utc_text(*until))
                               : std::string("resumed"));
    if (terminal.json()) {
        JsonObject json;
        if (until) json.string("paused", utc_text(*until));
        terminal.line(json.boolean("changed", changed).text());
    } else if (!terminal.quiet() && until) {
        terminal.line(fmt::format("paused until {}",
                                  terminal.for_people() ? local_text(*until) : utc_text(*until)));
    } else if (!terminal.quiet()) {
        terminal.line(changed ? "resumed" : "it was not paused");
    }
    if (auto printed = terminal.finish(until ? "paused" : "resumed"); !printed)
        return std::move(printed).failure();
    if (!until) tell_where_in_force(context.store, context.editor.now, terminal);
    return exit_done;
}

}  // namespace

Result<int> run(const PauseArguments& arguments, const Context& context, Terminal& terminal) {
    const Time until = arguments.until.value_or(context.editor.now + usual_pause);
    return set_pause(until, EditVerb::pause, context, terminal);
}

Result<int> run(const ResumeArguments&, const Context& context, Terminal& terminal) {
    return set_pause(std::nullopt, EditVerb::resume, context, terminal);
}

}  // namespace smtpblock
