// How SCRAM and OAUTHBEARER say whose a login is (RFC 5801 4).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace smtpblock::smtp {

/// A saslname (RFC 5802 5.1) without its escapes `=2C` and `=3D`; nothing when it is empty, or
/// another `=` or a comma stands in it.
std::optional<std::string> unescaped_saslname(std::string_view name);

/// The gs2-header of RFC 5801 4 as SCRAM and OAUTHBEARER have it, of a client that binds no
/// channel: `n,` or `y,`, then perhaps `a=` and a saslname, then a comma.
struct Gs2Header {
    std::string authorization;  ///< empty: none was given
    std::size_t octets = 0;     ///< that it takes of the message

    static std::optional<Gs2Header> parse(std::string_view message);
};

}  // namespace smtpblock::smtp
