#include "daemon/net/front/session_count.h"

#include <utility>

namespace smtpblock::net {
namespace {

std::string key_of(const IpAddress& client) {
    constexpr std::size_t network_octets = 8;
    return std::string(client.octets().substr(0, client.is_v4() ? 4 : network_octets));
}

}  // namespace

SessionCount::Place::Place(Place&& other) noexcept
    : count_(std::exchange(other.count_, nullptr)), client_(std::move(other.client_)) {}

SessionCount::Place::~Place() {
    if (count_ != nullptr) count_->leave(client_);
}

std::optional<SessionCount::Place> SessionCount::enter(const std::optional<IpAddress>& client) {
    const std::lock_guard hold(mutex_);
    if (sessions_ >= limits_.sessions) return std::nullopt;
    std::string key = client ? key_of(*client) : std::string();
    if (client) {
        std::size_t& sessions = of_client_[key];
        if (sessions >= limits_.per_client) return std::nullopt;
        ++sessions;
    }
    ++sessions_;
    return Place(*this, std::move(key));
}

void SessionCount::leave(const std::string& client) {
    const std::lock_guard hold(mutex_);
    --sessions_;
    if (client.empty()) return;
    const auto entry = of_client_.find(client);
    if (--entry->second == 0) of_client_.erase(entry);
}

void SessionCount::limit(Limits limits) {
    const std::lock_guard hold(mutex_);
    limits_ = limits;
}

std::size_t SessionCount::clients() const {
    const std::lock_guard hold(mutex_);
    return of_client_.size();
}

}  // namespace smtpblock::net
