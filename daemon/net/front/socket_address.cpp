#include "daemon/net/front/socket_address.h"

#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

namespace smtpblock::net {

SocketAddress SocketAddress::of(const Endpoint& endpoint) {
    SocketAddress out;
    const std::string_view octets = endpoint.address.octets();
    if (endpoint.address.is_v4()) {
        auto& v4 = reinterpret_cast<sockaddr_in&>(out.storage);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(endpoint.port);
        std::memcpy(&v4.sin_addr, octets.data(), octets.size());
        out.octets = sizeof v4;
    } else {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(out.storage);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(endpoint.port);
        std::memcpy(&v6.sin6_addr, octets.data(), octets.size());
        out.octets = sizeof v6;
    }
    return out;
}

SocketAddress SocketAddress::of(const std::string& path) {
    SocketAddress out;
    auto& local = reinterpret_cast<sockaddr_un&>(out.storage);
    local.sun_family = AF_UNIX;
    path.copy(local.sun_path, sizeof local.sun_path - 1);
    out.octets = sizeof local;
    return out;
}

SocketAddress SocketAddress::of(const sockaddr& address, socklen_t octets) {
    SocketAddress out;
    out.octets = std::min<socklen_t>(octets, sizeof out.storage);
    std::memcpy(&out.storage, &address, out.octets);
    return out;
}

Endpoint SocketAddress::endpoint() const {
    static const Endpoint here{*IpAddress::parse("127.0.0.1"), 0};
    const auto octets_of = [](const auto& in) {
        return std::string_view(reinterpret_cast<const char*>(&in), sizeof in);
    };
    if (family() == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
        return {*IpAddress::from_octets(octets_of(v4.sin_addr)), ntohs(v4.sin_port)};
    }
    if (family() == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
        return {*IpAddress::from_octets(octets_of(v6.sin6_addr)), ntohs(v6.sin6_port)};
    }
    return here;
}

}  // namespace smtpblock::net
