#include "daemon/own_upstream.h"

#include <netdb.h>
#include <sys/socket.h>

#include <memory>
#include <vector>

#include "common/descriptor.h"
#include "common/text.h"
#include "daemon/net/front/socket_address.h"

namespace smtpblock {
namespace {

std::vector<IpAddress> addresses_of(const std::string& host, Names names) {
    if (const auto address = IpAddress::parse(host)) return {*address};
    if (names == Names::as_addresses && host != "localhost") return {};
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, freeaddrinfo);
    std::vector<IpAddress> addresses;
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next)
        addresses.push_back(
            net::SocketAddress::of(*one->ai_addr, one->ai_addrlen).endpoint().address);
    return addresses;
}

/// This host's own: it can be bound to.
bool is_of_this_host(const IpAddress& address) {
    const auto any_port = net::SocketAddress::of(Endpoint{address, 0});
    const Descriptor trial(socket(any_port.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    return bind(trial.number(), any_port.get(), any_port.octets) == 0;
}

bool is_any(const IpAddress& address) {
    return address.octets().find_first_not_of('\0') == std::string_view::npos;
}

bool leads_to(const UpstreamAddress& upstream, const std::vector<IpAddress>& addresses,
              const ListenAddress& listen) {
    if (listen.kind == ListenAddress::Kind::unix_socket)
        return upstream.kind == UpstreamAddress::Kind::unix_socket && upstream.path == listen.name;
    if (listen.kind != ListenAddress::Kind::tcp || upstream.kind != UpstreamAddress::Kind::smtp ||
        upstream.port != listen.endpoint.port)
        return false;
    for (const IpAddress& address : addresses) {
        if (address == listen.endpoint.address) return true;
        const bool takes_it =
            is_any(listen.endpoint.address) && listen.endpoint.address.is_v4() == address.is_v4();
        if (takes_it && is_of_this_host(address)) return true;
    }
    return false;
}

}  // namespace

Result<void> refuse_own_upstreams(const Setup& setup, Names names) {
    for (const net::ListenerOptions& from : setup.listeners) {
        for (const UpstreamAddress& upstream : from.upstreams) {
            std::vector<IpAddress> addresses;
            if (upstream.kind == UpstreamAddress::Kind::smtp)
                addresses = addresses_of(upstream.host, names);
            for (const net::ListenerOptions& to : setup.listeners)
                for (const ListenAddress& listen : to.listen)
                    if (leads_to(upstream, addresses, listen))
                        return fail(ErrorCode::bad_input,
                                    "listener {}: its upstream {} is this daemon itself, which "
                                    "listens there; write where the mail server listens",
                                    printable(from.session.listener), printable(upstream.text()));
        }
    }
    return {};
}

}  // namespace smtpblock
