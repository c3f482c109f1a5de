// A rule file that is a text here: what is read of it, told in lines.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "cli/rule_file.h"
#include "common/text.h"
#include "common/time_text.h"

namespace smtpblock::test {

inline constexpr Time noon{std::chrono::seconds{1'700'000'000}};

/// Gives a text in pieces of so many octets.
inline OctetSource source_of(std::string_view text, std::size_t piece = 1U << 20U) {
    return [text, piece](char* into, std::size_t room) mutable -> Result<std::size_t> {
        const std::size_t octets = std::min({piece, room, text.size()});
        if (octets != 0) std::memcpy(into, text.data(), octets);
        text.remove_prefix(octets);
        return octets;
    };
}

struct ReadFile {
    std::vector<std::string> rules;   ///< `3 email a@b both reject - why`
    std::vector<std::string> faults;  ///< `4 '…': …`
    std::string error;
    std::vector<std::string> notes;
};

inline ReadFile read_rules(RuleFormat format, std::string_view text, RuleDefaults defaults = {},
                           OnBadLine on_bad_line = OnBadLine::skip, std::size_t piece = 1U << 20U) {
    ReadFile out;
    RuleFileOptions options;
    options.name = "FILE";
    options.defaults = std::move(defaults);
    options.now = noon;
    options.on_bad_line = on_bad_line;
    options.way_out = "; mend them";
    options.tell = [&](std::uint64_t line, const std::string& why) {
        out.faults.push_back(fmt::format("{} {}", line, why));
    };
    const auto file = RuleFile::open(format, source_of(text, piece), std::move(options));
    for (;;) {
        const auto fed = file->next();
        if (!fed) out.error = fed.error().message;
        if (!fed || !*fed) break;
        const NewRule& rule = (*fed)->rule;
        out.rules.push_back(
            fmt::format("{} {} {} {} {} {} {}", (*fed)->line, word(rule.pattern.type()),
                        rule.pattern.text(), word(rule.direction), word(rule.action),
                        rule.expires ? utc_text(*rule.expires) : "-", rule.description));
    }
    out.notes = file->notes();
    return out;
}

using Lines = std::vector<std::string>;

}  // namespace smtpblock::test
