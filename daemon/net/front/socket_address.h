// Addresses of sockets as the kernel has them, and as values.
#pragma once

#include <sys/socket.h>

#include <string>

#include "common/endpoint.h"

namespace smtpblock::net {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t octets = sizeof storage;

    static SocketAddress of(const Endpoint& endpoint);
    /// Of a unix socket; the path fits.
    static SocketAddress of(const std::string& path);
    static SocketAddress of(const sockaddr& address, socklen_t octets);

    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    int family() const { return storage.ss_family; }
    /// Of a unix socket 127.0.0.1 without a port: whoever is there is on this host.
    Endpoint endpoint() const;
};

}  // namespace smtpblock::net
