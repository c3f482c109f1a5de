#include "cli/complete.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "cli/bash_line.h"
#include "cli/completion.h"
#include "cli/settings.h"
#include "common/store_paths.h"
#include "common/store_reader.h"
#include "common/text.h"

namespace smtpblock {
namespace {

/// What fits on a screen or two.
constexpr std::size_t most_rules = 200;

std::string_view word(Completion::Kind kind) {
    switch (kind) {
        case Completion::Kind::words:
            return "words";
        case Completion::Kind::files:
            return "files";
        case Completion::Kind::directories:
            return "directories";
        case Completion::Kind::groups:
            return "groups";
    }
    return "words";
}

std::string description_of(const Rule& rule) {
    return fmt::format("{} {} {} {}", rule.id, word(rule.pattern.type()), word(rule.direction),
                       word(rule.action));
}

/// Patterns, and IDs behind a digit.
std::vector<Completion::Candidate> rules_beginning(StoreReader& reader,
                                                   std::optional<RuleType> type,
                                                   std::string_view typed) {
    std::vector<Completion::Candidate> found;
    if (const auto ids = reader.ids_beginning(typed, most_rules); ids && !type)
        for (const RuleId id : *ids)
            if (const auto rule = reader.find(id); rule && *rule)
                found.push_back({fmt::format("{}", id), (*rule)->pattern.text()});
    if (const auto patterns = reader.patterns_beginning(typed, type, most_rules))
        for (const Pattern& pattern : *patterns)
            if (const auto rule = reader.find(pattern); rule && *rule)
                found.push_back({pattern.text(), description_of(**rule)});
    return found;
}

/// The home directory for `~`, as the shell would have put it.
std::string expanded(const std::string& path, const Environment& environment) {
    const auto home = environment("HOME");
    return home && path.starts_with("~/") ? *home + path.substr(1) : path;
}

RulesBeginning rules_of_store(const Environment& environment) {
    return [&environment](GlobalOptions options, std::optional<RuleType> type,
                          std::string_view typed) -> std::vector<Completion::Candidate> {
        for (auto* path : {&options.store, &options.config})
            if (*path) **path = expanded(**path, environment);
        const auto settings = settings_of(options, environment, false);
        if (!settings) return {};
        const auto reader = StoreReader::open(StorePaths(settings->store));
        if (!reader) return {};
        return rules_beginning(**reader, type, typed);
    };
}

/// What the shell can show and the terminal bears. An escape would be a lie: nobody could type it.
bool can_be_shown(const std::string& text) {
    const auto backslashes =
        std::count(text.begin(), text.end(), '\\');  // printable() doubles them
    return printable(text).size() == text.size() + static_cast<std::size_t>(backslashes);
}

void print(const Completion& found, Terminal& terminal) {
    terminal.line(fmt::format("{}\t{}\t{}", word(found.kind), found.before, found.typed));
    for (const auto& candidate : found.candidates)
        if (can_be_shown(candidate.text))
            terminal.line(fmt::format("{}{}\t{}", found.before, candidate.text,
                                      printable(candidate.description)));
}

void print_for_bash(const Completion& found, const BashLine& line, Terminal& terminal) {
    terminal.line(fmt::format("{}\t{}\t{}", word(found.kind), found.before, found.typed));
    for (const auto& candidate : found.candidates) {
        const std::string text = found.before + candidate.text;
        if (can_be_shown(text) && text.starts_with(line.before))
            terminal.line(quoted_for_bash(text.substr(line.before.size()), line.quote));
    }
}

}  // namespace

void complete(std::span<const std::string> words, const Surroundings& surroundings,
              Terminal& terminal) {
    const auto rules = rules_of_store(surroundings.environment);
    if (words.size() == 3 && words[0] == "bash") {
        const BashLine line = read_bash_line(words[1], words[2]);
        const std::span<const std::string> typed(line.words);
        if (line.is_file)
            terminal.line("files\t\t" + line.words.back());
        else if (typed.size() > 1)
            print_for_bash(completion_of(typed.subspan(1), rules), line, terminal);
    } else if (words.size() > 1 && words[0] == "words") {
        print(completion_of(words.subspan(1), rules), terminal);
    }
    static_cast<void>(terminal.finish());
}

}  // namespace smtpblock
