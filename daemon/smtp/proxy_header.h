// The PROXY protocol, versions 1 and 2 (HAProxy's doc/proxy-protocol.txt): the first octets of a
// connection, by which a proxy says whose it is. Read in front, written behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/endpoint.h"

namespace smtpblock::smtp {

struct ProxyHeader {
    enum class State : std::uint8_t {
        more,       ///< it may become a header yet
        complete,   ///< it is one, of `octets`
        malformed,  ///< it is none: nothing about this connection can be believed
    };

    State state = State::malformed;
    std::size_t octets = 0;
    /// Whose connection it is. None: the proxy's own (LOCAL, UNKNOWN), as for a health check.
    std::optional<Endpoint> client;

    /// Looks at the head of what a connection has sent. A header is at most 107 octets long in
    /// version 1 and taken up to 232 in version 2.
    static ProxyHeader parse(std::string_view bytes);
};

/// A version 2 header that says PROXY: of a client that connected to `server`.
std::string proxy_header_for(const Endpoint& client, const Endpoint& server);
/// A version 2 header that says LOCAL: of nobody but the one who connects.
std::string local_proxy_header();

}  // namespace smtpblock::smtp
