// Wrong secrets: made of the right ones by a keyed hash, so that nobody can compute one from the
// other, and that the same one is always spoilt to the same, by whatever mechanism and for whatever
// spelling of the user it comes: an upstream that counts different wrong passwords (Dovecot's
// penalty) counts one.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "daemon/smtp/secret.h"
#include "daemon/smtp/session_options.h"

namespace smtpblock::smtp {

/// Octets without end, determined by the secret.
class Spoiler {
public:
    Spoiler(std::string_view secret, const KeyedHash& keyed_hash);

    unsigned char next();

private:
    const KeyedHash& keyed_hash_;
    Secret what_;  ///< is hashed, its last octet the number of the block
    std::array<unsigned char, 32> block_{};
    std::size_t at_;
};

/// For a password: letters, digits, `-` and `_`, of its length.
Secret spoilt_password(Spoiler& spoiler, std::string_view secret);
/// For hexadecimal digits, each replaced by another one of the same case; the rest is kept.
Secret spoilt_hex(Spoiler& spoiler, std::string_view digits);
/// For octets of any value, as many.
Secret spoilt_octets(Spoiler& spoiler, std::string_view octets);
/// For a token: each letter and digit replaced by another of its kind; the rest is kept, unless
/// that is all of it.
Secret spoilt_token(Spoiler& spoiler, std::string_view token);

}  // namespace smtpblock::smtp
