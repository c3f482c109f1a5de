// Where the daemon listens, and where it passes mail on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/ip_address.h"
#include "common/result.h"

namespace smtpblock {

/// From 0 to 65535, digits alone.
std::optional<std::uint16_t> parse_port(std::string_view digits);

/// An address and a port to listen on.
struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;  ///< 0: any free one

    /// `127.0.0.1:25` or `[::1]:25`.
    static Result<Endpoint> parse(std::string_view written);
    std::string text() const;

    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Where a listener listens.
struct ListenAddress {
    enum class Kind : std::uint8_t {
        tcp,
        unix_socket,  ///< written `unix:/PATH`
        systemd,      ///< sockets that systemd passes under a name, written `systemd:NAME`
    };

    Kind kind = Kind::tcp;
    Endpoint endpoint;  ///< tcp
    std::string name;   ///< the path of the unix socket, or systemd's name

    static Result<ListenAddress> parse(std::string_view written);
    std::string text() const;

    friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

/// An SMTP server, or the embedded Maildir.
struct UpstreamAddress {
    enum class Kind : std::uint8_t { smtp, unix_socket, maildir };

    Kind kind = Kind::maildir;
    bool implicit_tls = false;  ///< smtp, written `smtps://`
    std::string host;           ///< smtp: a name, or an address without brackets
    std::uint16_t port = 0;
    std::string path;  ///< of the unix socket, or the directory of the Maildir

    /// `smtp://HOST:PORT`, `HOST:PORT`, `smtps://HOST:PORT`, `smtp+unix:PATH` or `maildir:DIR`.
    static Result<UpstreamAddress> parse(std::string_view written);
    static UpstreamAddress maildir(std::string directory);
    std::string text() const;

    friend bool operator==(const UpstreamAddress&, const UpstreamAddress&) = default;
};

}  // namespace smtpblock
