#include "daemon/net/client_count.h"

namespace smtpblock::net {
namespace {

std::string key_of(const IpAddress& client) {
    constexpr std::size_t network_octets = 8;
    return std::string(client.octets().substr(0, client.is_v4() ? 4 : network_octets));
}

}  // namespace

bool ClientCount::enter(const IpAddress& client) {
    std::size_t& sessions = sessions_[key_of(client)];
    if (sessions >= most_) return false;
    ++sessions;
    return true;
}

void ClientCount::leave(const IpAddress& client) {
    const auto entry = sessions_.find(key_of(client));
    if (entry == sessions_.end()) return;
    if (--entry->second == 0) sessions_.erase(entry);
}

}  // namespace smtpblock::net
