// How a file of rules is written.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace smtpblock {

enum class RuleFormat : std::uint8_t { json, csv, text, postfix };

std::string_view word(RuleFormat format);
std::optional<RuleFormat> rule_format_of(std::string_view word);
/// By how the file's name ends, in whatever case: `.json`, `.jsonl`, `.ndjson`, `.csv`, `.txt`.
std::optional<RuleFormat> rule_format_of_name(std::string_view file_name);

}  // namespace smtpblock
