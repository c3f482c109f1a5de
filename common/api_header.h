// A key in a header of HTTP, in the words of Dovecot's auth_policy_server_api_header: `NAME:
// VALUE`, or the value alone for X-API-Key.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace smtpblock {

struct ApiHeader {
    std::string name;
    std::string value;  ///< a secret: never shown

    /// Errors: bad_input; the message holds nothing of `written`.
    static Result<ApiHeader> parse(std::string_view written);
    /// Compares in a time that tells nothing of where `given` differs.
    bool is_value(std::string_view given) const;

    friend bool operator==(const ApiHeader&, const ApiHeader&) = default;
};

}  // namespace smtpblock
