// `smtpblock apply`: makes the store equal to a file and prints what that changed. The same file
// twice changes nothing, and prints nothing.
#include "cli/commands.h"
#include "cli/daemons.h"
#include "cli/json.h"
#include "cli/rule_loading.h"
#include "cli/rule_text.h"
#include "cli/spool.h"
#include "common/store_reader.h"
#include "common/text.h"
#include "common/time_text.h"

namespace smtpblock {
namespace {

struct Word {
    std::string_view text;
    Style style;
};

Word word_of(LoadResult result) {
    switch (result) {
        case LoadResult::added:
            return {"added", Style::good};
        case LoadResult::changed:
            return {"changed", Style::warning};
        case LoadResult::removed:
            return {"removed", Style::bad};
        case LoadResult::unchanged:
            break;
    }
    return {"unchanged", Style::plain};
}

/// The fields of `list`, and where they differ both: `in -> both`.
std::string fields_of(const Rule& before, const Rule& after) {
    const auto both = [](const std::string& old, const std::string& now) {
        return old == now ? now : old + " -> " + now;
    };
    const auto end = [](const Rule& rule) {
        return rule.expires ? utc_text(*rule.expires) : std::string("-");
    };
    return fmt::format(
        "{}\t{}\t{}\t{}\t{}\t{}\t{}", after.id, word(after.pattern.type()),
        both(std::string(word(before.direction)), std::string(word(after.direction))),
        both(std::string(word(before.action)), std::string(word(after.action))),
        both(end(before), end(after)), field(after.pattern.text()),
        both(field(before.description), field(after.description)));
}

/// What is printed of one difference, with its newline.
std::string difference_line(LoadResult result, const Rule* before, const Rule* after,
                            const Terminal& terminal) {
    const Rule& rule = after != nullptr ? *after : *before;
    const Word word = word_of(result);
    if (terminal.json()) {
        JsonObject json;
        json.string("result", word.text);
        if (before != nullptr) json.object("before", json_of(*before));
        if (after != nullptr) json.object("after", json_of(*after));
        return json.text() + '\n';
    }
    if (terminal.quiet()) return fmt::format("{}\n", rule.id);
    return fmt::format("{}\t{}\n", terminal.styled(word.style, word.text),
                       fields_of(before != nullptr ? *before : rule, rule));
}

Result<RuleFormat> format_of(const ApplyArguments& arguments) {
    const auto format = rule_format_of_name(*arguments.file);
    if (format == RuleFormat::json || format == RuleFormat::csv) return *format;
    return fail(ErrorCode::bad_input, "{}: apply takes a file that is named *.json or *.csv",
                quoted(*arguments.file));
}

/// Rules that the file does not know and that stay are easily forgotten.
void tell_of_others(const ApplyArguments& arguments, const Context& context,
                    const LoadReport& report, Terminal& terminal) {
    const auto reader = StoreReader::open(context.store);
    if (!reader) return;
    const auto state = (*reader)->state();
    const std::uint64_t known =
        report.changed + report.unchanged + (arguments.dry_run ? 0 : report.added);
    if (state && state->rules > known)
        terminal.note(fmt::format(
            "{} that the file does not name stay{}; --prune removes such",
            state->rules - known == 1 ? "a rule" : fmt::format("{} rules", state->rules - known),
            state->rules - known == 1 ? "s" : ""));
}

}  // namespace

Result<int> run(const ApplyArguments& arguments, const Context& context, Terminal& terminal) {
    if (!arguments.file)
        return fail(ErrorCode::bad_input, "apply: no file; write the name of a .json or .csv file");
    const auto format = format_of(arguments);
    if (!format) return Failure(format.error());

    Spool differences;
    LoadRequest request;
    request.file = *arguments.file;
    request.format = *format;
    request.reading.name = *arguments.file;
    request.reading.now = context.editor.now;
    request.options.verb = EditVerb::apply;
    request.options.on_existing = OnExisting::replace;
    request.options.prune = arguments.prune;
    request.options.dry_run = arguments.dry_run;
    request.options.refuse_contradictions = true;
    request.options.may_empty = arguments.yes;
    request.reading.may_match_everything = arguments.yes;
    request.difference = [&](LoadResult result, const Rule* before, const Rule* after) {
        if (result != LoadResult::unchanged)
            differences.append(difference_line(result, before, after, terminal));
    };
    const auto loaded = load_rules(request, context, terminal);
    if (!loaded) return Failure(loaded.error());

    const LoadReport& report = loaded->report;
    const bool differs = report.added + report.changed + report.removed != 0;
    if (differs && !arguments.dry_run) context.log.tell("applied", request.file, report);
    auto drained = differences.drain([&](std::string_view text) { terminal.text(text); });
    if (!drained) return std::move(drained).failure();
    const int exit = arguments.dry_run && differs ? exit_differs : exit_done;
    auto status = finished(terminal, exit, differs && !arguments.dry_run ? "applied" : "");
    if (!status) return status;
    if (!arguments.prune) tell_of_others(arguments, context, report, terminal);
    tell_effect(arguments.dry_run, context.store, context.editor.now, terminal);
    return status;
}

}  // namespace smtpblock
