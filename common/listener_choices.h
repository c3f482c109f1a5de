// What a listener may be set to where there is a choice of few, by the configuration and for its
// sessions alike.
#pragma once

#include <cstdint>

namespace smtpblock {

/// On which connections without TLS AUTH is offered.
enum class AuthWithoutTls : std::uint8_t { never, loopback, always };

/// RFC 3207, in front.
enum class StartTls : std::uint8_t { off, optional, required };

/// Who answers a blocked login.
enum class AuthFailure : std::uint8_t {
    upstream,  ///< it does, to a wrong secret
    local,     ///< we do, in the words that were learnt from it
};

}  // namespace smtpblock
