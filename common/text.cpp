#include "common/text.h"

#include <fmt/format.h>
#include <unicase.h>
#include <uninorm.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace smtpblock {
namespace {

/// The octets of the well-formed UTF-8 character at the head of `text`, and its code point.
struct Character {
    std::size_t octets = 0;  // 0: none stands there
    char32_t code_point = 0;
};

Character character_at(std::string_view text) {
    const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = octet(0);
    if (first < 0x80) return {1, first};
    const std::size_t octets = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < octets) return {};
    char32_t code_point = first & (0x7fU >> octets);
    for (std::size_t i = 1; i < octets; ++i) {
        if ((octet(i) & 0xc0U) != 0x80) return {};
        code_point = (code_point << 6U) | (octet(i) & 0x3fU);
    }
    const char32_t least = octets == 4 ? 0x10000 : octets == 3 ? 0x800 : 0x80;
    const bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
    if (code_point < least || code_point > 0x10ffff || surrogate) return {};
    return {octets, code_point};
}

/// Characters that move the cursor, change the direction of writing or cannot be seen.
bool deceives(char32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x180e ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe007f);
}

/// White_Space of Unicode, without what deceives() as well and the space of ASCII.
bool is_wide_space(char32_t c) {
    return c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f ||
           c == 0x3000;
}

}  // namespace

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), to_lower);
    return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               return to_lower(x) == to_lower(y);
           });
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
    return text.size() >= prefix.size() &&
           equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

bool is_utf8(std::string_view text) {
    if (is_ascii(text)) return true;
    while (!text.empty()) {
        const Character next = character_at(text);
        if (next.octets == 0) return false;
        text.remove_prefix(next.octets);
    }
    return true;
}

bool is_ascii(std::string_view text) {
    std::uint64_t seen = 0;  // eight octets a step: a rule file has hundreds of millions
    for (; text.size() >= sizeof seen; text.remove_prefix(sizeof seen)) {
        std::uint64_t next = 0;
        std::memcpy(&next, text.data(), sizeof next);
        seen |= next;
    }
    for (const char c : text) seen |= static_cast<unsigned char>(c);
    return (seen & 0x8080808080808080U) == 0;
}

std::string folded(std::string_view text) {
    if (is_ascii(text) || !is_utf8(text)) return lower(text);
    std::size_t octets = 0;
    const std::unique_ptr<std::uint8_t, decltype(&std::free)> out(
        u8_casefold(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), nullptr,
                    UNINORM_NFC, nullptr, &octets),
        &std::free);
    if (!out) throw std::bad_alloc();
    return {reinterpret_cast<const char*>(out.get()), octets};
}

std::string_view hidden_character(std::string_view text) {
    while (!text.empty()) {
        const Character next = character_at(text);
        const std::size_t octets = std::max<std::size_t>(next.octets, 1);
        if (deceives(next.code_point) || is_wide_space(next.code_point))
            return text.substr(0, octets);
        text.remove_prefix(octets);
    }
    return {};
}

std::string code_point_name(std::string_view text) {
    return fmt::format("U+{:04X}", static_cast<std::uint32_t>(character_at(text).code_point));
}

std::size_t character_octets(std::string_view text) {
    return std::max<std::size_t>(character_at(text).octets, 1);
}

std::string printable(std::string_view text) {
    const auto odd = std::find_if(text.begin(), text.end(), [](char c) {
        return is_control(c) || is_eight_bit(c) || c == '\\';
    });
    std::string out(text.begin(), odd);
    text.remove_prefix(out.size());
    out.reserve(out.size() + text.size());
    while (!text.empty()) {
        const Character next = character_at(text);
        const std::size_t octets = character_octets(text);
        if (next.octets == 0 || deceives(next.code_point)) {
            for (const char c : text.substr(0, octets))
                out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else if (text.front() == '\\') {
            out += "\\\\";
        } else {
            out += text.substr(0, octets);
        }
        text.remove_prefix(octets);
    }
    return out;
}

std::string quoted(std::string_view text) {
    std::string out = printable(text);
    const auto backslashes = std::count(text.begin(), text.end(), '\\');
    if (out.size() == text.size() + static_cast<std::size_t>(backslashes)) out = text;
    return "'" + out + "'";
}

}  // namespace smtpblock
