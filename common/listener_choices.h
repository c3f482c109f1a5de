// What a listener may be set to where there is a choice of few, by the configuration and for its
// sessions alike.
#pragma once

#include <cstdint>

namespace smtpblock {

/// On which connections without TLS AUTH is offered.
enum class AuthWithoutTls : std::uint8_t { never, loopback, always };

/// RFC 3207, in front.
enum class StartTls : std::uint8_t { off, optional, required };

/// How an upstream learns whose session it is.
enum class ClientAddress : std::uint8_t {
    none,     ///< it does not: it sees this host
    proxy,    ///< by a PROXY header, version 2
    xclient,  ///< by Postfix's XCLIENT
};

/// What is done with a bare CR or LF in a message.
enum class BareNewline : std::uint8_t {
    refuse,
    normalize,  ///< it becomes CRLF
};

/// Who answers a blocked login.
enum class AuthFailure : std::uint8_t {
    upstream,  ///< it does, to a wrong secret
    local,     ///< we do, in the words that were learnt from it
};

}  // namespace smtpblock
