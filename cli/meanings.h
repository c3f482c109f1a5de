// What the words behind options mean. The errors name the words that may stand there.
#pragma once

#include <string>
#include <vector>

#include "cli/arguments.h"
#include "common/result.h"

namespace smtpblock {

Result<RuleType> type_meant(const std::string& word);
Result<Direction> direction_meant(const std::string& word);
Result<Action> action_meant(const std::string& word);
/// What matches everything is taken only when the user says `yes`. Errors: bad_input, naming the
/// user's word.
Result<void> check_breadth(const Pattern& pattern, std::string_view written, bool yes);
Result<Color> color_meant(const std::string& word);
/// The words that sort_key_meant() knows.
std::vector<std::string> sort_keys();
Result<SortKey> sort_key_meant(const std::string& word);
Result<RuleFormat> format_meant(const std::string& word);
/// Valid UTF-8.
Result<std::string> description_meant(const std::string& word);
/// A number of things, from 1 on.
Result<std::uint64_t> count_meant(const std::string& word);
/// A time to come, `word` from `now` on.
Result<Time> end_of_duration(const std::string& word, Time now);
/// A time to come.
Result<Time> end_at_time(const std::string& word, Time now);

}  // namespace smtpblock
