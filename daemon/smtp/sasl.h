// What the front must understand of a login: whose it is, and how its secret is made a wrong one.
// Everything else about it is the upstream's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/smtp/mechanism.h"
#include "daemon/smtp/session_options.h"

namespace smtpblock::smtp {

/// The message of PLAIN (RFC 4616 2), decoded: [authzid] NUL authcid NUL passwd.
struct PlainMessage {
    std::string_view authorization;
    std::string_view authentication;
    std::string_view secret;
    /// False with fewer than two NULs: it carries no secret and no server can take it. More than
    /// two are well-formed here, since Dovecot reads the secret up to the third and takes it.
    bool well_formed = false;

    static PlainMessage parse(std::string_view decoded);
    std::string with_secret(std::string_view other) const;
};

/// A wrong secret in the place of `secret`: always the same one for the same mechanism, user and
/// secret, of the same length (an upstream that counts different wrong passwords counts one), and
/// never the right one.
std::string spoilt(Mechanism mechanism, std::string_view user, std::string_view secret,
                   const KeyedHash& keyed_hash);

}  // namespace smtpblock::smtp
