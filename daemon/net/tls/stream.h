// TLS on a socket that does not block: each call does what can be done now and says what it waits
// for. Nothing may be called after `failed`, and nothing is ever read past an end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/net/tls/openssl.h"

namespace smtpblock::tls {

class Stream {
public:
    enum class State : std::uint8_t {
        done,
        wants_readable,  ///< call again once the socket can be read
        wants_writable,  ///< call again once it can be written
        ended,           ///< the peer will send no more
        failed,          ///< why() says why
    };

    /// The socket stays the caller's, and must live as long.
    Stream(Ssl ssl, int socket);

    State handshake();
    /// Adds to `octets` what was read.
    State read(char* buffer, std::size_t size, std::size_t& octets);
    /// Adds to `octets` what was written. After wants_* the same bytes must come first again.
    State write(std::string_view bytes, std::size_t& octets);
    /// Octets have come that read() may not have given yet.
    bool has_pending() const;
    /// Tells the peer that we will send no more, if that goes without waiting.
    void close_notify();

    const std::string& why() const { return why_; }

private:
    State state_after(int result);
    std::string reason(int error, int system_error) const;

    Ssl ssl_;
    std::string why_;
};

}  // namespace smtpblock::tls
