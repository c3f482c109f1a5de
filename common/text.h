// Small things done to text everywhere: case, escaping, quoting. Case is ASCII's alone, but for
// folded(); domains beyond ASCII are idna.h's work.
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
/// White space of ASCII.
constexpr bool is_white_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
/// Of a hexadecimal digit in either case; -1 when it is none.
constexpr int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    const char low = to_lower(c);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
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
bool is_ascii(std::string_view text);
/// The octets of the character at the head of `text`, which is not empty; 1 for an octet that is
/// no UTF-8.
std::size_t character_octets(std::string_view text);

/// The form in which texts are compared without case: full case folding and NFC of Unicode, so
/// that sharp s is ss. What is no UTF-8 is folded in its ASCII letters only.
std::string folded(std::string_view text);

/// The first character of `text`, which is UTF-8, that a reader cannot see or that moves others:
/// white space, a control or format character. Empty when there is none.
std::string_view hidden_character(std::string_view text);
/// `U+200B`: the character at the head of `text`, which is UTF-8 and not empty.
std::string code_point_name(std::string_view text);

/// `text` as it may go to a terminal, a log or a JSON string: control characters and octets that
/// are no UTF-8 become `\xNN`, a backslash `\\`; C1 controls and bidirectional overrides are
/// escaped as well, since a name from the network is an attacker's text.
std::string printable(std::string_view text);

/// `text` made printable, in single quotes: how a message quotes the user's own word. A backslash
/// is doubled only where something else is escaped, so that what a message says to write can be
/// written just so.
std::string quoted(std::string_view text);

}  // namespace smtpblock
