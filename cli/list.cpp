// `smtpblock list`: the rules that were asked for, printed as they are read: a table for people,
// fields or JSON for scripts. Ten million take no more memory than ten.
#include <algorithm>
#include <string>

#include "cli/commands.h"
#include "cli/rule_order.h"
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

bool shows(const Pattern& pattern, std::string_view part) {
    const std::string text = pattern.text();
    if (contains_ignoring_case(text, part)) return true;
    const bool has_u_labels = text.find("xn--") != std::string::npos;
    return has_u_labels && contains_ignoring_case(pattern.text_for_people(), part);
}

bool fits(const ListArguments& wanted, const Rule& rule, Time now) {
    return (!wanted.type || *wanted.type == rule.pattern.type()) &&
           (!wanted.direction || *wanted.direction == rule.direction) &&
           (!wanted.action || *wanted.action == rule.action) && end_fits(wanted, rule, now) &&
           (!wanted.match || shows(rule.pattern, *wanted.match) ||
            contains_ignoring_case(rule.description, *wanted.match));
}

/// Prints rules as they come, in the way that the user wants them.
class RulePrinter {
public:
    RulePrinter(Terminal& terminal, Time now)
        : terminal_(terminal),
          now_(now),
          table_(terminal, {{"ID"},
                            {"TYPE"},
                            {"DIR"},
                            {"ACTION"},
                            {"EXPIRES"},
                            {"PATTERN", 24},
                            {"DESCRIPTION", 12}}) {}

    /// False when nobody reads any more.
    bool print(const Rule& rule) {
        is_empty_ = false;
        if (terminal_.json())
            terminal_.line(json_of(rule).text());
        else if (terminal_.quiet())
            terminal_.line(std::to_string(rule.id));
        else if (terminal_.for_people())
            print_row(rule);
        else
            terminal_.line(full_line(rule));
        return terminal_.has_reader();
    }

    void end() {
        table_.end();
        if (terminal_.for_people() && is_empty_) terminal_.note("no rules");
    }

private:
    void print_row(const Rule& rule) {
        const bool is_expired = expired(rule.expires, now_);
        const auto style = [&](Style wanted) { return is_expired ? Style::faint : wanted; };
        table_.row(
            {{std::to_string(rule.id), style(Style::plain)},
             {std::string(word(rule.pattern.type())), style(Style::plain)},
             {std::string(word(rule.direction)), style(Style::plain)},
             {std::string(word(rule.action)), style(style_of(rule.action))},
             {expiry_text(rule.expires, now_), style(Style::plain)},
             {field(rule.pattern.text_for_people()), style(Style::plain)},
             {rule.description.empty() ? "" : field(rule.description), style(Style::plain)}});
    }

    Terminal& terminal_;
    Time now_;
    Table table_;
    bool is_empty_ = true;
};

Result<void> print_sorted(StoreReader& reader, const ListArguments& arguments, Time now,
                          RulePrinter& printer) {
    RuleOrder order(*arguments.sort);
    Result<void> added;
    auto walked = reader.each([&](const Rule& rule) {
        if (fits(arguments, rule, now)) added = order.add(rule);
        return added.has_value();
    });
    if (!walked) return walked;
    if (!added) return added;
    return order.each([&](const Rule& rule) { return printer.print(rule); });
}

}  // namespace

Result<int> run(const ListArguments& arguments, const Context& context, Terminal& terminal) {
    auto reader = StoreReader::open(context.store);
    if (!reader) return std::move(reader).failure();
    terminal.page();
    const Time now = context.editor.now;
    RulePrinter printer(terminal, now);
    auto printed = arguments.sort.value_or(SortKey::id) == SortKey::id
                       ? (*reader)->each([&](const Rule& rule) {
                             return !fits(arguments, rule, now) || printer.print(rule);
                         })
                       : print_sorted(**reader, arguments, now, printer);
    if (!printed) return std::move(printed).failure();
    printer.end();
    return finished(terminal, exit_done);
}

}  // namespace smtpblock
