#include "daemon/smtp/session_options.h"

#include <utility>

namespace smtpblock::smtp {

bool is_loopback(const IpAddress& address) {
    static const std::vector<IpNetwork> networks{*IpNetwork::parse("127.0.0.0/8"),
                                                 *IpNetwork::parse("::1/128")};
    return any_contains(networks, address);
}

ClientInfo client_info(const SessionOptions& options, std::string session, const Endpoint& client,
                       const Endpoint& server) {
    return {.session = std::move(session),
            .address = client.address.text(),
            .loopback = is_loopback(client.address),
            .trusted = any_contains(options.trusted_networks, client.address),
            .may_xclient = any_contains(options.xclient_from, client.address),
            .name = {},
            .client = client,
            .server = server};
}

}  // namespace smtpblock::smtp
