// `smtpblock show`: one rule in full, and what it caught.
#include <vector>

#include "cli/commands.h"
#include "cli/rule_text.h"
#include "cli/seen.h"
#include "cli/selection.h"
#include "common/store_reader.h"
#include "common/time_text.h"

namespace smtpblock {
namespace {

/// `2026-12-01 18:00:00 CET (in 2h30m)` for people, RFC 3339 for scripts.
std::string time_text(Time time, Time now, const Terminal& terminal) {
    if (!terminal.for_people()) return utc_text(time);
    return time > now ? fmt::format("{} (in {})", local_text(time), duration_text(time - now))
                      : fmt::format("{} ({} ago)", local_text(time), duration_text(now - time));
}

void print_rule(const Rule& rule, const std::optional<SeenRecord>& seen, Time now,
                Terminal& terminal) {
    const auto line = [&](std::string_view name, std::string_view value, Style style) {
        terminal.line(
            fmt::format("{:<12} {}", fmt::format("{}:", name), terminal.styled(style, value)));
    };
    line("id", fmt::format("{}", rule.id), Style::plain);
    line("type", word(rule.pattern.type()), Style::plain);
    line("pattern", field(rule.pattern.text()), Style::heading);
    line("dir", word(rule.direction), Style::plain);
    line("action", word(rule.action), style_of(rule.action));
    line("expires", rule.expires ? time_text(*rule.expires, now, terminal) : "-", Style::plain);
    line("description", field(rule.description), Style::plain);
    line("created", time_text(rule.created, now, terminal), Style::plain);
    line("updated", time_text(rule.updated, now, terminal), Style::plain);
    line("by", field(rule.by), Style::plain);
    if (const auto note = rule.pattern.note(); !note.empty()) line("note", note, Style::faint);
    if (!seen) return;
    line("hits", fmt::format("{}", seen->hits), Style::plain);
    line("last hit", time_text(seen->last_hit, now, terminal), Style::plain);
    for (const SeenValue& value : seen->values)
        line("caught",
             fmt::format("{} {}, {}", word(value.field),
                         value.text.empty() ? "\"\"" : field(value.text),
                         time_text(value.last, now, terminal)),
             Style::plain);
}

std::string json_with(const Rule& rule, const std::optional<SeenRecord>& seen) {
    JsonObject json = json_of(rule);
    if (!seen) return json.text();
    std::vector<JsonObject> caught;
    for (const SeenValue& value : seen->values)
        caught.push_back(JsonObject()
                             .string("field", word(value.field))
                             .string("value", value.text)
                             .string("last", utc_text(value.last)));
    return json.number("hits", seen->hits)
        .string("last_hit", utc_text(seen->last_hit))
        .objects("caught", caught)
        .text();
}

/// What was counted is no reason not to show the rule.
std::optional<SeenRecord> seen_or_note(const Context& context, RuleId id, Terminal& terminal) {
    auto seen = seen_of(context.store, id);
    if (seen) return *std::move(seen);
    terminal.note(fmt::format("what it caught is not known: {}", seen.error().message));
    return std::nullopt;
}

}  // namespace

Result<int> run(const ShowArguments& arguments, const Context& context, Terminal& terminal) {
    if (!arguments.rule)
        return fail(ErrorCode::bad_input, "show: no rule; write its ID or its pattern");
    const auto selection = select(*arguments.rule, arguments.type);
    if (!selection) return Failure(selection.error());
    auto reader = StoreReader::open(context.store);
    if (!reader) return std::move(reader).failure();
    auto rule = find_selected(**reader, *selection);
    reader->reset();  // before with_nearest_rule() opens the store
    if (!rule) return with_nearest_rule(rule.error(), context.store, {*arguments.rule});

    if (terminal.quiet()) {
        terminal.page();
        print_edited(terminal, *rule);
        return finished(terminal, exit_done);
    }
    const auto seen = seen_or_note(context, rule->id, terminal);
    terminal.page();
    if (terminal.json())
        terminal.line(json_with(*rule, seen));
    else
        print_rule(*rule, seen, context.editor.now, terminal);
    return finished(terminal, exit_done);
}

}  // namespace smtpblock
