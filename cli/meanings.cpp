#include "cli/meanings.h"

#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "cli/suggestion.h"
#include "common/text.h"
#include "common/time_text.h"

namespace smtpblock {
namespace {

constexpr std::array<std::pair<std::string_view, SortKey>, 8> all_sort_keys{
    {{"id", SortKey::id},
     {"type", SortKey::type},
     {"dir", SortKey::dir},
     {"action", SortKey::action},
     {"expires", SortKey::expires},
     {"pattern", SortKey::pattern},
     {"created", SortKey::created},
     {"updated", SortKey::updated}}};

Failure not_one_of(std::string_view what, const std::string& word,
                   const std::vector<std::string>& choices) {
    return fail(ErrorCode::bad_input, "{}: no {}{}; write {} or {}", quoted(word), what,
                did_you_mean(word, choices), fmt::join(choices.begin(), choices.end() - 1, ", "),
                choices.back());
}

}  // namespace

Result<RuleType> type_meant(const std::string& word) {
    if (const auto type = rule_type_of(word)) return *type;
    return not_one_of("type", word, {"email", "ehlo"});
}

Result<Direction> direction_meant(const std::string& word) {
    if (const auto direction = direction_of(word)) return *direction;
    return not_one_of("direction", word, {"in", "out", "both"});
}

Result<Action> action_meant(const std::string& word) {
    if (const auto action = action_of(word)) return *action;
    return not_one_of("action", word, {"reject", "defer", "allow", "log"});
}

Result<RuleFormat> format_meant(const std::string& word) {
    if (const auto format = rule_format_of(word)) return *format;
    return not_one_of("format", word, {"json", "csv", "text", "postfix"});
}

Result<std::string> description_meant(const std::string& word) {
    if (is_utf8(word)) return word;
    return fail(ErrorCode::bad_input, "{}: the description is not valid UTF-8; write it in UTF-8",
                quoted(word));
}

Result<void> check_breadth(const Pattern& pattern, std::string_view written, bool yes) {
    if (yes || !pattern.matches_everything()) return {};
    return fail(ErrorCode::bad_input,
                "{}: matches everything; add --yes when that is what you want", quoted(written));
}

Result<Color> color_meant(const std::string& word) {
    if (word == "auto") return Color::automatic;
    if (word == "always") return Color::always;
    if (word == "never") return Color::never;
    return not_one_of("choice of colour", word, {"auto", "always", "never"});
}

std::vector<std::string> sort_keys() {
    std::vector<std::string> names;
    for (const auto& [name, key] : all_sort_keys) names.emplace_back(name);
    return names;
}

Result<SortKey> sort_key_meant(const std::string& word) {
    for (const auto& [name, key] : all_sort_keys)
        if (name == word) return key;
    return not_one_of("key to sort by", word, sort_keys());
}

Result<std::uint64_t> count_meant(const std::string& word) {
    std::uint64_t count = 0;
    const char* const end = word.data() + word.size();
    const auto read = std::from_chars(word.data(), end, count);
    if (read.ec != std::errc{} || read.ptr != end || count == 0)
        return fail(ErrorCode::bad_input, "{}: no number; write 1 or more", quoted(word));
    return count;
}

Result<Time> end_of_duration(const std::string& word, Time now) {
    const auto duration = parse_duration(word);
    if (!duration) return Failure(duration.error());
    if (duration->count() == 0)
        return fail(ErrorCode::bad_input, "{}: over at once; write a longer one", quoted(word));
    return now + *duration;
}

Result<Time> end_at_time(const std::string& word, Time now) {
    auto time = parse_time(word, now);
    if (time && *time <= now)
        return fail(ErrorCode::bad_input, "{}: that was {} ago; write a time to come", quoted(word),
                    duration_text(now - *time));
    return time;
}

}  // namespace smtpblock
