// `smtpblock import`: the rules of a file into the store, all or none, in one edit.
#include "cli/commands.h"
#include "cli/daemons.h"
#include "cli/json.h"
#include "cli/rule_loading.h"
#include "common/text.h"

namespace smtpblock {
namespace {

Result<RuleFormat> format_of(const ImportArguments& arguments) {
    const auto format = arguments.format ? arguments.format : rule_format_of_name(*arguments.file);
    if (format) return *format;
    return fail(ErrorCode::bad_input,
                "{}: which format? its name does not say; add --format json, csv, text or postfix",
                quoted(*arguments.file));
}

OnExisting on_existing(const ImportArguments& arguments) {
    if (arguments.replace) return OnExisting::replace;
    return arguments.if_absent ? OnExisting::keep : OnExisting::refuse;
}

void print(const ImportArguments& arguments, const Loaded& loaded, Terminal& terminal) {
    const LoadReport& report = loaded.report;
    if (terminal.json()) {
        JsonObject json;
        json.number("added", report.added)
            .number("changed", report.changed)
            .number("unchanged", report.unchanged)
            .number("skipped", loaded.bad_lines)
            .number("expired", loaded.run_out)
            .boolean("dry_run", arguments.dry_run);
        terminal.line(json.text());
    } else if (!terminal.quiet()) {
        terminal.line(fmt::format(
            "{}: {} added, {} changed, {} unchanged{}",
            arguments.dry_run ? "would be imported" : "imported", report.added, report.changed,
            report.unchanged,
            loaded.bad_lines == 0 ? "" : fmt::format(", {} bad skipped", loaded.bad_lines)));
    }
}

}  // namespace

Result<int> run(const ImportArguments& arguments, const Context& context, Terminal& terminal) {
    if (!arguments.file)
        return fail(ErrorCode::bad_input,
                    "import: no file; write its name, or - to read standard "
                    "input");
    const auto format = format_of(arguments);
    if (!format) return Failure(format.error());

    LoadRequest request;
    request.file = *arguments.file;
    request.format = *format;
    request.reading.name = *arguments.file;
    request.reading.defaults = {arguments.type, arguments.direction.value_or(Direction::both),
                                arguments.action.value_or(Action::reject), arguments.expires,
                                arguments.description.value_or("")};
    request.reading.now = context.editor.now;
    request.reading.on_bad_line = arguments.skip_bad ? OnBadLine::skip : OnBadLine::fail;
    request.reading.may_match_everything = arguments.yes;
    request.reading.way_out = "; --skip-bad leaves such lines out";
    request.options.verb = EditVerb::import;
    request.options.on_existing = on_existing(arguments);
    request.options.dry_run = arguments.dry_run;
    request.conflict_way_out = "; add --replace or --if-absent";
    const auto loaded = load_rules(request, context, terminal);
    if (!loaded) return Failure(loaded.error());

    if (!arguments.dry_run) context.log.tell("imported", request.file, loaded->report);
    print(arguments, *loaded, terminal);
    auto status = finished(terminal, exit_done, arguments.dry_run ? "" : "imported");
    if (!status) return status;
    tell_effect(arguments.dry_run, context.store, context.editor.now, terminal);
    return status;
}

}  // namespace smtpblock
