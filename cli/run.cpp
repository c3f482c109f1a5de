#include "cli/run.h"

#include "cli/commands.h"
#include "cli/complete.h"
#include "cli/editor.h"
#include "cli/parse.h"

namespace smtpblock {
namespace {

int exit_status(ErrorCode code) {
    switch (code) {
        case ErrorCode::bad_input:
            return 2;
        case ErrorCode::not_found:
            return 3;
        case ErrorCode::already_exists:
            return 4;
        case ErrorCode::not_permitted:
            return 5;
        case ErrorCode::no_store:
        case ErrorCode::failed:
            return 1;
    }
    return 1;
}

Result<int> run_words(std::span<const std::string> words, const Surroundings& surroundings,
                      Terminal& terminal) {
    if (!words.empty() && words.front() == "__complete") {
        complete(words.subspan(1), surroundings, terminal);
        return exit_done;
    }
    auto parsed = parse(words, surroundings.now);
    if (!parsed) return std::move(parsed).failure();
    if (const auto* help = std::get_if<HelpText>(&*parsed)) {
        terminal.present(help->options);
        terminal.page();
        terminal.text(help->text);
        return finished(terminal, exit_done);
    }
    const auto& invocation = std::get<Invocation>(*parsed);
    terminal.present(invocation.options);
    const bool needs_config = std::holds_alternative<CheckArguments>(invocation.command);
    const bool needs_store = !std::holds_alternative<ProbeArguments>(invocation.command);
    auto settings = needs_store
                        ? settings_of(invocation.options, surroundings.environment, needs_config)
                        : Result<Settings>(Settings{});
    if (!settings) return std::move(settings).failure();
    const Editor editor = editor_at(surroundings.now);
    const Context context{StorePaths(settings->store), editor,
                          EditLog(surroundings.syslog, identity_of(editor)), settings->config,
                          surroundings.environment};
    return std::visit([&](const auto& arguments) { return run(arguments, context, terminal); },
                      invocation.command);
}

}  // namespace

Result<int> finished(Terminal& terminal, int status, std::string_view done) {
    auto printed = terminal.finish(done);
    if (!printed) return std::move(printed).failure();
    return status;
}

int run_program(std::span<const std::string> words, const Surroundings& surroundings,
                Terminal& terminal) {
    const auto status = run_words(words, surroundings, terminal);
    if (status) return *status;
    static_cast<void>(terminal.finish());  // what was printed before it stopped
    terminal.error(status.error().message);
    return exit_status(status.error().code);
}

}  // namespace smtpblock
