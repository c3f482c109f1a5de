#include "cli/rule_text.h"

#include "common/text.h"
#include "common/time_text.h"

namespace smtpblock {

std::string field(std::string_view text) {
    if (text.empty()) return "-";
    std::string out;
    while (!text.empty()) {
        const auto plain = text.substr(0, text.find_first_of("\t\n"));
        out += printable(plain);
        text.remove_prefix(plain.size());
        if (text.empty()) break;
        out += text.front() == '\t' ? "\\t" : "\\n";
        text.remove_prefix(1);
    }
    return out;
}

std::string short_line(const Rule& rule) {
    return fmt::format("{}\t{}\t{}\t{}", rule.id, word(rule.pattern.type()), word(rule.direction),
                       field(rule.pattern.text()));
}

std::string full_line(const Rule& rule) {
    std::string line = std::to_string(rule.id);
    const auto add = [&line](std::string_view text) {
        line += '\t';
        line += text;
    };
    add(word(rule.pattern.type()));
    add(word(rule.direction));
    add(word(rule.action));
    add(rule.expires ? utc_text(*rule.expires) : "-");
    add(field(rule.pattern.text()));
    add(field(rule.description));
    return line;
}

JsonObject json_of(const Rule& rule) {
    JsonObject json;
    json.number("id", rule.id)
        .string("type", word(rule.pattern.type()))
        .string("pattern", rule.pattern.text())
        .string("dir", word(rule.direction))
        .string("action", word(rule.action));
    if (!rule.description.empty()) json.string("description", rule.description);
    json.string("created", utc_text(rule.created)).string("updated", utc_text(rule.updated));
    if (rule.expires) json.string("expires", utc_text(*rule.expires));
    if (!rule.by.empty()) json.string("by", rule.by);
    return json;
}

std::string expiry_text(const std::optional<Time>& expires, Time now) {
    if (!expires) return "-";
    if (expired(expires, now)) return fmt::format("expired {} ago", duration_text(now - *expires));
    return "in " + duration_text(*expires - now);
}

Style style_of(Action action) {
    switch (action) {
        case Action::reject:
            return Style::bad;
        case Action::defer:
            return Style::warning;
        case Action::allow:
            return Style::good;
        case Action::log:
            return Style::faint;
    }
    return Style::plain;
}

void print_edited(Terminal& terminal, const Rule& rule, std::string_view result) {
    if (terminal.json())
        terminal.line(json_of(rule).text());
    else if (terminal.quiet())
        terminal.line(fmt::format("{}", rule.id));
    else if (result.empty())
        terminal.line(short_line(rule));
    else
        terminal.line(fmt::format("{}\t{}", result, short_line(rule)));
}

}  // namespace smtpblock
