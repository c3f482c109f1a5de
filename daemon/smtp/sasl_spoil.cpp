#include "daemon/smtp/sasl_spoil.h"

#include <algorithm>

#include "common/text.h"

namespace smtpblock::smtp {
namespace {

constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t stand_in_octets = 12;  // for an empty secret, which could be a right one

/// Another one of the `many` that begin at `first`.
char another(char old, char first, unsigned many, unsigned char chance) {
    const unsigned place = static_cast<unsigned char>(old) - static_cast<unsigned char>(first);
    return static_cast<char>(first + static_cast<char>((place + 1 + chance % (many - 1)) % many));
}

}  // namespace

Spoiler::Spoiler(std::string_view secret, const KeyedHash& keyed_hash)
    : keyed_hash_(keyed_hash), at_(block_.size()) {
    what_.reserve(secret.size() + 1);
    what_.append(secret).append('\xff');
}

unsigned char Spoiler::next() {
    if (at_ == block_.size()) {
        ++what_.resize(what_.size())[what_.size() - 1];
        block_ = keyed_hash_(what_.view());
        at_ = 0;
    }
    return block_[at_++];
}

Secret spoilt_password(Spoiler& spoiler, std::string_view secret) {
    Secret out;
    const std::size_t octets = secret.empty() ? stand_in_octets : secret.size();
    char* const to = out.resize(octets);
    std::generate_n(to, octets, [&] { return letters[spoiler.next() % letters.size()]; });
    if (out.view() == secret) to[0] = to[0] == 'A' ? 'B' : 'A';
    return out;
}

Secret spoilt_hex(Spoiler& spoiler, std::string_view digits) {
    constexpr std::string_view lower = "0123456789abcdef";
    constexpr std::string_view upper = "0123456789ABCDEF";
    const bool is_upper =
        std::any_of(digits.begin(), digits.end(), [](char c) { return c >= 'A' && c <= 'F'; });
    Secret out(digits);
    char* const to = out.resize(out.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto value = lower.find(to_lower(to[i]));
        if (value == std::string_view::npos) continue;
        to[i] = (is_upper ? upper : lower)[(value + 1 + spoiler.next() % 15) % 16];
    }
    return out;
}

Secret spoilt_octets(Spoiler& spoiler, std::string_view octets) {
    Secret out;
    char* const to = out.resize(octets.size());
    std::generate_n(to, octets.size(), [&] { return static_cast<char>(spoiler.next()); });
    if (!octets.empty() && out.view() == octets) to[0] = static_cast<char>(to[0] ^ 1);
    return out;
}

Secret spoilt_token(Spoiler& spoiler, std::string_view token) {
    Secret out(token);
    char* const to = out.resize(out.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (is_digit(to[i]))
            to[i] = another(to[i], '0', 10, spoiler.next());
        else if (is_letter(to[i]))
            to[i] = another(to[i], to[i] >= 'a' ? 'a' : 'A', 26, spoiler.next());
    }
    if (out.view() == token) return spoilt_password(spoiler, token);
    return out;
}

}  // namespace smtpblock::smtp
