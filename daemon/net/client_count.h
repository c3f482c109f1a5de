// How many sessions each client has now. An IPv6 client is its /64, since a single host has one to
// choose its addresses from.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "common/ip_address.h"

namespace smtpblock::net {

class ClientCount {
public:
    explicit ClientCount(std::size_t most) : most_(most) {}

    /// False, and not counted, when the client has `most` already.
    bool enter(const IpAddress& client);
    /// One that entered has left.
    void leave(const IpAddress& client);
    /// Clients that have any.
    std::size_t clients() const { return sessions_.size(); }

private:
    const std::size_t most_;
    std::unordered_map<std::string, std::size_t> sessions_;
};

}  // namespace smtpblock::net
