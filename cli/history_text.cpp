#include "cli/history_text.h"

#include <algorithm>
#include <vector>

#include "cli/json.h"
#include "cli/rule_text.h"
#include "common/text.h"
#include "common/time_text.h"

namespace smtpblock {
namespace {

/// Of one edit on a terminal: an import can have a million.
constexpr std::uint64_t changes_for_people = 20;

std::string ago(Time then, Time now) {
    return duration_text(std::max(now - then, std::chrono::seconds{0})) + " ago";
}

std::string end_of(const std::optional<Time>& expires) {
    return expires ? utc_text(*expires) : "-";
}

/// `pattern dir action expires description`, separated by spaces; `-` when there is no rule.
std::string state_of(const std::optional<Rule>& rule) {
    if (!rule) return "-";
    return fmt::format("{} {} {} {} {}", rule->pattern.text(), word(rule->direction),
                       word(rule->action), end_of(rule->expires),
                       rule->description.empty() ? "-" : rule->description);
}

/// What differs, as `action reject → defer`.
std::string difference_of(const Rule& before, const Rule& after, Time now) {
    std::vector<std::string> parts;
    const auto compare = [&](std::string_view name, const std::string& was, const std::string& is) {
        if (was != is) parts.push_back(fmt::format("{} {} → {}", name, was, is));
    };
    compare("pattern", field(before.pattern.text()), field(after.pattern.text()));
    compare("dir", std::string(word(before.direction)), std::string(word(after.direction)));
    compare("action", std::string(word(before.action)), std::string(word(after.action)));
    if (before.expires != after.expires)
        compare("expires", before.expires ? expiry_text(before.expires, now) : "never",
                after.expires ? expiry_text(after.expires, now) : "never");
    compare("description", field(before.description), field(after.description));
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
    return text.empty() ? "nothing but the time" : text;
}

JsonObject json_of(const EditRecord& record) {
    JsonObject json;
    json.number("revision", record.revision)
        .string("time", utc_text(record.editor.now))
        .string("by", record.editor.name)
        .number("uid", record.editor.uid);
    if (record.editor.login_uid) json.number("login_uid", *record.editor.login_uid);
    return json.string("command", word(record.verb));
}

std::string fields_of(const EditRecord& record) {
    return fmt::format("{}\t{}\t{}\t{}", record.revision, utc_text(record.editor.now),
                       field(record.editor.name), word(record.verb));
}

}  // namespace

std::string_view word_of(const RuleChange& change) {
    if (!change.before) return "added";
    return change.after ? "changed" : "deleted";
}

bool HistoryPrinter::edit(const EditRecord& record) {
    end();
    ++edits_;
    if (terminal_.quiet()) {
        terminal_.line(fmt::format("{}", record.revision));
        return false;
    }
    if (terminal_.for_people())
        terminal_.line(fmt::format(
            "{} {}, {}, {}", terminal_.styled(Style::heading, fmt::format("{}", record.revision)),
            word(record.verb), ago(record.editor.now, now_), printable(record.editor.name)));
    if (record.pause_changed) print_pause(record);
    return true;
}

void HistoryPrinter::print_pause(const EditRecord& record) {
    const auto& until = record.paused_after;
    if (terminal_.for_people()) {
        terminal_.line(until ? fmt::format("    paused until {}", local_text(*until))
                             : std::string("    resumed"));
    } else if (terminal_.json()) {
        JsonObject json = json_of(record);
        if (until) json.string("paused", utc_text(*until));
        json.string("change", until ? "paused" : "resumed");
        terminal_.line(json.text());
    } else {
        terminal_.line(fmt::format("{}\t{}\t-\t-\t{}\t{}", fields_of(record),
                                   until ? "paused" : "resumed", end_of(record.paused_before),
                                   end_of(until)));
    }
}

bool HistoryPrinter::change(const EditRecord& record, const RuleChange& change) {
    ++changes_;
    if (terminal_.for_people()) {
        if (changes_ <= changes_for_people) print_for_people(change);
        return true;
    }
    const Rule& rule = change.after ? *change.after : *change.before;
    if (terminal_.json()) {
        JsonObject json = json_of(record);
        json.string("change", word_of(change)).number("id", change.id);
        if (change.before) json.object("before", smtpblock::json_of(*change.before));
        if (change.after) json.object("after", smtpblock::json_of(*change.after));
        terminal_.line(json.text());
    } else {
        terminal_.line(fmt::format("{}\t{}\t{}\t{}\t{}\t{}", fields_of(record), word_of(change),
                                   change.id, word(rule.pattern.type()),
                                   field(state_of(change.before)), field(state_of(change.after))));
    }
    return true;
}

void HistoryPrinter::print_for_people(const RuleChange& change) {
    const Rule& rule = change.after ? *change.after : *change.before;
    std::string line =
        fmt::format("    {} rule {} {} {}",
                    terminal_.styled(!change.after ? Style::faint : Style::plain, word_of(change)),
                    change.id, word(rule.pattern.type()), field(rule.pattern.text()));
    if (change.before && change.after)
        line += ": " + difference_of(*change.before, *change.after, now_);
    else
        line += fmt::format(" {} {}", word(rule.direction), word(rule.action));
    terminal_.line(line);
}

void HistoryPrinter::end() {
    if (terminal_.for_people() && changes_ > changes_for_people)
        terminal_.line(fmt::format("    … and {} more: smtpblock history | cat",
                                   changes_ - changes_for_people));
    changes_ = 0;
}

}  // namespace smtpblock
