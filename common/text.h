// Small things done to text everywhere: case, escaping, quoting. ASCII only: whatever is above
// 0x7f passes unchanged, since comparing domains beyond ASCII is domain_name.h's work.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace smtpblock {

constexpr char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
    return to_lower(c) >= 'a' && to_lower(c) <= 'z';
}
/// Above 0x7f: part of a UTF-8 sequence, or of nothing.
constexpr bool is_eight_bit(char c) {
    return static_cast<unsigned char>(c) >= 0x80;
}
/// 0x00-0x1f and 0x7f.
constexpr bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
}

std::string lower(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);
/// True when `text` begins with `prefix`, in whatever case.
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);

/// True when `text` is well-formed UTF-8 (RFC 3629: no overlong form, no surrogate).
bool is_utf8(std::string_view text);
/// The octets of the character at the head of `text`, which is not empty; 1 for an octet that is
/// no UTF-8.
std::size_t character_octets(std::string_view text);

/// `text` as it may go to a terminal, a log or a JSON string: control characters and octets that
/// are no UTF-8 become `\xNN`, a backslash `\\`; C1 controls and bidirectional overrides are
/// escaped as well, since a name from the network is an attacker's text.
std::string printable(std::string_view text);

/// `text` made printable, in single quotes: how a message quotes the user's own word.
std::string quoted(std::string_view text);

}  // namespace smtpblock
