// What Dovecot tells of a login when it asks whether that may be: the JSON of its authentication
// policy (src/auth/auth-policy.c). Which members it has, auth_policy_request_attributes says; the
// names are those of its default, and what is not known here is passed over.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace smtpblock::dovecot {

struct AuthRequest {
    std::string login;      ///< the account that is logged in to, as Dovecot looked it up
    std::string auth_user;  ///< whose password it was; empty: not told, so the same
    std::string remote;     ///< the address of the client; empty: not told
    /// Of the client: `smtp` for a Postfix, `imap`, ...; none: not told.
    std::optional<std::string> protocol;

    /// Any octets in a text are taken. Errors: bad_input.
    static Result<AuthRequest> parse(std::string_view json);
};

}  // namespace smtpblock::dovecot
