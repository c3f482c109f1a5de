#include "daemon/smtp/upstream_profile.h"

#include <fmt/format.h>

#include <charconv>

#include "common/text.h"

namespace smtpblock::smtp {
namespace {

/// The next word of `text`, which is taken off it. `AUTH=LOGIN` (an old spelling) is two words.
std::string_view take_word(std::string_view& text) {
    const auto begin = text.find_first_not_of(" \t=");
    if (begin == std::string_view::npos) return text = {};
    text.remove_prefix(begin);
    const auto end = text.find_first_of(" \t=");
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(word.size());
    return word;
}

}  // namespace

Keywords parse_keywords(const std::vector<std::string>& lines) {
    Keywords keywords;
    keywords.pipelining = keywords.eight_bit_mime = keywords.enhanced_status_codes = false;
    for (std::string_view line : lines) {
        const std::string_view keyword = take_word(line);
        if (equal_ignoring_case(keyword, "PIPELINING")) keywords.pipelining = true;
        if (equal_ignoring_case(keyword, "8BITMIME")) keywords.eight_bit_mime = true;
        if (equal_ignoring_case(keyword, "SMTPUTF8")) keywords.smtputf8 = true;
        if (equal_ignoring_case(keyword, "DSN")) keywords.dsn = true;
        if (equal_ignoring_case(keyword, "STARTTLS")) keywords.starttls = true;
        if (equal_ignoring_case(keyword, "ENHANCEDSTATUSCODES"))
            keywords.enhanced_status_codes = true;
        if (equal_ignoring_case(keyword, "SIZE")) {
            const std::string_view limit = take_word(line);
            std::uint64_t octets = 0;
            std::from_chars(limit.data(), limit.data() + limit.size(), octets);
            keywords.size = octets;
        }
        if (!equal_ignoring_case(keyword, "AUTH")) continue;
        for (auto word = take_word(line); !word.empty(); word = take_word(line)) {
            if (const auto mechanism = mechanism_of(word)) keywords.mechanisms.add(*mechanism);
        }
    }
    return keywords;
}

Keywords keywords_of(const Reply& reply) {
    auto lines = reply.lines();
    lines.erase(lines.begin());
    return parse_keywords(lines);
}

std::string_view why_no_starttls(const Reply& to_ehlo) {
    if (to_ehlo.positive() && keywords_of(to_ehlo).starttls) return {};
    return "it does not offer STARTTLS; give it a certificate, or write smtps://";
}

std::string why_no_handshake(const Reply& to_starttls) {
    if (to_starttls.code == 220) return {};
    return fmt::format("it refuses STARTTLS: {}", to_starttls.text());
}

}  // namespace smtpblock::smtp
