#include "daemon/smtp/sasl.h"

#include <algorithm>

namespace smtpblock::smtp {
namespace {

constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t stand_in_octets = 12;  // for an empty secret, which could be a right one

}  // namespace

PlainMessage PlainMessage::parse(std::string_view decoded) {
    PlainMessage message;
    const auto first = decoded.find('\0');
    if (first == std::string_view::npos) return message;
    const auto second = decoded.find('\0', first + 1);
    if (second == std::string_view::npos) return message;
    message.authorization = decoded.substr(0, first);
    message.authentication = decoded.substr(first + 1, second - first - 1);
    message.secret = decoded.substr(second + 1);
    message.well_formed = true;
    return message;
}

std::string PlainMessage::with_secret(std::string_view other) const {
    std::string out(authorization);
    out += '\0';
    out += authentication;
    out += '\0';
    out += other;
    return out;
}

std::string spoilt(Mechanism mechanism, std::string_view user, std::string_view secret,
                   const KeyedHash& keyed_hash) {
    std::string what(word(mechanism));
    what += '\0';
    what += user;
    what += '\0';
    what += secret;
    std::string out;
    const std::size_t octets = secret.empty() ? stand_in_octets : secret.size();
    for (char block = 0; out.size() < octets; ++block) {
        for (const unsigned char octet : keyed_hash(what + block)) {
            if (out.size() == octets) break;
            out += letters[octet % letters.size()];
        }
    }
    if (out == secret) out.front() = out.front() == 'A' ? 'B' : 'A';
    std::fill(what.begin(), what.end(), '\0');
    return out;
}

}  // namespace smtpblock::smtp
