#include "cli/selection.h"

#include <algorithm>
#include <charconv>

#include "cli/suggestion.h"
#include "common/store_reader.h"
#include "common/text.h"

namespace smtpblock {
namespace {

bool is_number(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

/// 0, which is nobody's ID, when it is too large.
RuleId id_of(std::string_view digits) {
    RuleId id = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    return error == std::errc{} ? id : 0;
}

/// So many are looked at, one by one.
constexpr std::size_t most_looked_at = 5000;

/// Patterns that may be what was meant by `written`: all, or where they are too many to look at,
/// those that begin as it does.
std::vector<std::string> patterns_like(StoreReader& reader, std::string_view written) {
    std::vector<std::string> patterns;
    const auto state = reader.state();
    if (state && state->rules <= most_looked_at) {
        const auto walked = reader.each([&](const Rule& rule) {
            patterns.push_back(rule.pattern.text());
            return true;
        });
        return walked ? patterns : std::vector<std::string>{};
    }
    for (const std::size_t octets : {written.size() * 3 / 4, written.size() / 3}) {
        const auto found =
            reader.patterns_beginning(written.substr(0, octets), {}, most_looked_at / 2);
        if (!found) continue;
        for (const Pattern& pattern : *found) patterns.push_back(pattern.text());
    }
    return patterns;
}

}  // namespace

Result<Selection> select(const std::string& written, std::optional<RuleType> type) {
    Selection selection{written, {}, {}};
    if (!type && is_number(written)) {
        selection.id = id_of(written);
        return selection;
    }
    std::vector<RuleType> types{type.value_or(RuleType::email)};
    if (!type) types.push_back(RuleType::ehlo);
    std::optional<Failure> failure;
    for (const RuleType candidate : types) {
        auto pattern = Pattern::parse(candidate, written);
        if (pattern)
            selection.patterns.push_back(std::move(*pattern));
        else if (!failure || !evident_type(written))
            failure = std::move(pattern).failure();
    }
    if (selection.patterns.empty()) return std::move(*failure);
    return selection;
}

Failure no_such_rule(const Selection& selection) {
    if (selection.id)
        return fail(ErrorCode::not_found, "{}: no rule has this ID", selection.written);
    return fail(ErrorCode::not_found, "{}: no rule has this pattern", quoted(selection.written));
}

Failure ambiguous(const Selection& selection, const Rule& one, const Rule& other) {
    return fail(ErrorCode::bad_input,
                "{}: rule {} ({}) and rule {} ({}) have it; add --type {} or --type {}",
                quoted(selection.written), one.id, word(one.pattern.type()), other.id,
                word(other.pattern.type()), word(one.pattern.type()), word(other.pattern.type()));
}

Failure with_nearest_rule(Error error, const StorePaths& store,
                          const std::vector<std::string>& written) {
    if (error.code != ErrorCode::not_found) return Failure(std::move(error));
    const auto missing = std::find_if(written.begin(), written.end(), [&](const std::string& word) {
        return error.message.starts_with(quoted(word) + ":");
    });
    auto reader = StoreReader::open(store);
    if (missing == written.end() || !reader) return Failure(std::move(error));
    error.message += did_you_mean(*missing, patterns_like(**reader, *missing));
    return Failure(std::move(error));
}

}  // namespace smtpblock
