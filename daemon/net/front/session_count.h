// How many sessions there are, all together and of each client, and how many there may be. An IPv6
// client is its /64, since a single host has one to choose its addresses from. For any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "common/ip_address.h"

namespace smtpblock::net {

class SessionCount {
public:
    struct Limits {
        std::size_t sessions;
        std::size_t per_client;
    };

    /// One session counted, for as long as this lives. The count must outlive it.
    class Place {
    public:
        Place(Place&& other) noexcept;
        Place& operator=(Place&&) = delete;
        ~Place();

    private:
        friend class SessionCount;
        Place(SessionCount& count, std::string client)
            : count_(&count), client_(std::move(client)) {}

        SessionCount* count_;
        std::string client_;  ///< as key_of() has it; empty: counted for no client
    };

    explicit SessionCount(Limits limits) : limits_(limits) {}

    /// Nothing when there are as many as there may be. `client`: none where the address is that of
    /// many clients.
    std::optional<Place> enter(const std::optional<IpAddress>& client);
    /// From now on; who is there may stay.
    void limit(Limits limits);
    std::size_t sessions() const { return sessions_; }
    /// Clients that have any.
    std::size_t clients() const;

private:
    void leave(const std::string& client);

    mutable std::mutex mutex_;  ///< taken when a session begins and when it ends
    Limits limits_;
    std::atomic<std::size_t> sessions_{0};
    std::unordered_map<std::string, std::size_t> of_client_;
};

}  // namespace smtpblock::net
