#include "cli/rule_format.h"

#include <array>
#include <utility>

#include "common/text.h"

namespace smtpblock {
namespace {

using FormatName = std::pair<std::string_view, RuleFormat>;

constexpr std::array<FormatName, 4> words{{{"json", RuleFormat::json},
                                           {"csv", RuleFormat::csv},
                                           {"text", RuleFormat::text},
                                           {"postfix", RuleFormat::postfix}}};
constexpr std::array<FormatName, 5> endings{{{".json", RuleFormat::json},
                                             {".jsonl", RuleFormat::json},
                                             {".ndjson", RuleFormat::json},
                                             {".csv", RuleFormat::csv},
                                             {".txt", RuleFormat::text}}};

}  // namespace

std::string_view word(RuleFormat format) {
    for (const auto& [text, known] : words)
        if (known == format) return text;
    return "?";
}

std::optional<RuleFormat> rule_format_of(std::string_view word) {
    for (const auto& [text, format] : words)
        if (text == word) return format;
    return std::nullopt;
}

std::optional<RuleFormat> rule_format_of_name(std::string_view file_name) {
    const auto dot = file_name.rfind('.');
    if (dot == std::string_view::npos) return std::nullopt;
    for (const auto& [ending, format] : endings)
        if (equal_ignoring_case(file_name.substr(dot), ending)) return format;
    return std::nullopt;
}

}  // namespace smtpblock
