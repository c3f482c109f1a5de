// `smtpblock list`: the rules of one snapshot, chosen and sorted; a table for people, fields or
// JSON for scripts.
#include <algorithm>
#include <tuple>
#include <vector>

#include "cli/commands.h"
#include "cli/rule_text.h"
#include "cli/table.h"
#include "common/store_reader.h"
#include "common/text.h"

namespace smtpblock {
namespace {

bool contains_ignoring_case(std::string_view text, std::string_view part) {
    const auto same = [](char a, char b) { return to_lower(a) == to_lower(b); };
    return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

/// True when the rule is to be listed as far as its end is concerned.
bool end_fits(const ListArguments& wanted, const Rule& rule, Time now) {
    const bool is_expired = expired(rule.expires, now);
    if (wanted.all) return true;
    if (wanted.expired) return is_expired;
    if (wanted.expiring)
        return !is_expired && rule.expires && *rule.expires <= now + *wanted.expiring;
    return !is_expired;
}

bool fits(const ListArguments& wanted, const Rule& rule, Time now) {
    return (!wanted.type || *wanted.type == rule.pattern.type()) &&
           (!wanted.direction || *wanted.direction == rule.direction) &&
           (!wanted.action || *wanted.action == rule.action) && end_fits(wanted, rule, now) &&
           (!wanted.match || contains_ignoring_case(rule.pattern.text(), *wanted.match) ||
            contains_ignoring_case(rule.pattern.text_for_people(), *wanted.match) ||
            contains_ignoring_case(rule.description, *wanted.match));
}

/// Equal keys stay in the order of the IDs.
void sort_by(std::vector<Rule>& rules, SortKey key) {
    const auto by = [&](auto key_of) {
        std::stable_sort(rules.begin(), rules.end(),
                         [&](const Rule& a, const Rule& b) { return key_of(a) < key_of(b); });
    };
    switch (key) {
        case SortKey::id:
            return;  // as they come
        case SortKey::type:
            return by([](const Rule& rule) { return rule.pattern.type(); });
        case SortKey::dir:
            return by([](const Rule& rule) { return rule.direction; });
        case SortKey::action:
            return by([](const Rule& rule) { return rule.action; });
        case SortKey::expires:
            return by([](const Rule& rule) {
                return std::tuple(!rule.expires, rule.expires.value_or(Time{}));
            });
        case SortKey::pattern:
            return by([](const Rule& rule) { return rule.pattern.text(); });
        case SortKey::created:
            return by([](const Rule& rule) { return rule.created; });
        case SortKey::updated:
            return by([](const Rule& rule) { return rule.updated; });
    }
}

void print_table(const std::vector<Rule>& rules, Time now, Terminal& terminal) {
    Table table(
        terminal,
        {{"ID"}, {"TYPE"}, {"DIR"}, {"ACTION"}, {"EXPIRES"}, {"PATTERN", 24}, {"DESCRIPTION", 12}});
    for (const Rule& rule : rules) {
        const bool is_expired = expired(rule.expires, now);
        const auto style = [&](Style wanted) { return is_expired ? Style::faint : wanted; };
        table.row({{fmt::format("{}", rule.id), style(Style::plain)},
                   {std::string(word(rule.pattern.type())), style(Style::plain)},
                   {std::string(word(rule.direction)), style(Style::plain)},
                   {std::string(word(rule.action)), style(style_of(rule.action))},
                   {expiry_text(rule.expires, now), style(Style::plain)},
                   {field(rule.pattern.text_for_people()), style(Style::plain)},
                   {rule.description.empty() ? "" : field(rule.description), style(Style::plain)}});
    }
    table.end();
}

}  // namespace

Result<int> run(const ListArguments& arguments, const Context& context, Terminal& terminal) {
    auto reader = StoreReader::open(context.store);
    if (!reader) return std::move(reader).failure();
    // Kept until the snapshot is closed: a reader that waits for a slow pipe makes the store grow.
    std::vector<Rule> rules;
    auto walked = (*reader)->each([&](const Rule& rule) {
        if (fits(arguments, rule, context.editor.now)) rules.push_back(rule);
        return true;
    });
    if (!walked) return std::move(walked).failure();
    sort_by(rules, arguments.sort.value_or(SortKey::id));

    terminal.page();
    if (terminal.for_people() && rules.empty())
        terminal.note("no rules");
    else if (terminal.for_people())
        print_table(rules, context.editor.now, terminal);
    for (const Rule& rule : rules) {
        if (terminal.json())
            terminal.line(json_of(rule).text());
        else if (terminal.quiet())
            terminal.line(fmt::format("{}", rule.id));
        else if (!terminal.for_people())
            terminal.line(full_line(rule));
    }
    return finished(terminal, exit_done);
}

}  // namespace smtpblock
