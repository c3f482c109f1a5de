#include "common/plain_pattern.h"

#include <array>
#include <cstdint>

#include "common/text.h"

namespace smtpblock {
namespace {

constexpr std::size_t local_part_octets = 64;  // RFC 5321 4.5.3.1.1
constexpr std::size_t domain_octets = 253;     // RFC 1035 2.3.4, without the length octets
constexpr std::size_t label_octets = 63;       // RFC 1035 2.3.4

enum : std::uint8_t { letter = 1, digit = 2, hyphen = 4, local_mark = 8 };

constexpr std::array<std::uint8_t, 256> classes = [] {
    std::array<std::uint8_t, 256> out{};
    for (unsigned c = 'a'; c <= 'z'; ++c) out[c] = out[c - 'a' + 'A'] = letter;
    for (unsigned c = '0'; c <= '9'; ++c) out[c] = digit;
    out['-'] = hyphen;
    for (const char c : {'_', '+', '='}) out[static_cast<unsigned char>(c)] = local_mark;
    return out;
}();

std::uint8_t class_of(char c) {
    return classes[static_cast<unsigned char>(c)];
}

/// Letters, digits, `-`, `_`, `+`, `=`, and single dots between them.
bool is_plain_local_part(std::string_view local) {
    if (local.empty() || local.size() > local_part_octets || local.back() == '.') return false;
    bool behind_dot = true;
    for (const char c : local) {
        if (c == '.' ? behind_dot : class_of(c) == 0) return false;
        behind_dot = c == '.';
    }
    return true;
}

/// Labels of letters, digits and inner hyphens, which are no A-labels; the last one begins with a
/// letter, so that it is no address.
bool is_plain_domain(std::string_view domain) {
    if (domain.empty() || domain.size() > domain_octets) return false;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= domain.size(); ++i) {
        if (i < domain.size() && domain[i] != '.') {
            if ((class_of(domain[i]) & (letter | digit | hyphen)) == 0) return false;
            continue;
        }
        const std::string_view label = domain.substr(begin, i - begin);
        if (label.empty() || label.size() > label_octets || label.front() == '-' ||
            label.back() == '-' || (label.size() > 3 && label[2] == '-' && label[3] == '-'))
            return false;
        begin = i + 1;
        if (i == domain.size()) return class_of(label.front()) == letter;
    }
    return false;
}

}  // namespace

std::optional<PatternKind> plain_kind(RuleType type, std::string_view written) {
    const auto at = written.find('@');
    if (at == std::string_view::npos) {
        if (!is_plain_domain(written)) return std::nullopt;
        return type == RuleType::email ? PatternKind::domain : PatternKind::name;
    }
    if (type != RuleType::email || !is_plain_local_part(written.substr(0, at)) ||
        !is_plain_domain(written.substr(at + 1)))
        return std::nullopt;
    return PatternKind::address;
}

}  // namespace smtpblock
