// What a listener may be set to where there is a choice of few, by the configuration and for its
// sessions alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace smtpblock {

/// Who asks there, and how.
enum class Protocol : std::uint8_t {
    smtp,     ///< clients, who are passed on to an upstream
    policy,   ///< a mail server, by Postfix's policy delegation
    dovecot,  ///< Dovecot, by its authentication policy
};

inline constexpr std::size_t protocol_count = 3;

constexpr std::string_view word(Protocol protocol) {
    switch (protocol) {
        case Protocol::smtp:
            return "smtp";
        case Protocol::policy:
            return "policy";
        case Protocol::dovecot:
            return "dovecot";
    }
    return "?";
}

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
