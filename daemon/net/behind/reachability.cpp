#include "daemon/net/behind/reachability.h"

#include <algorithm>

namespace smtpblock::net {
namespace {

constexpr smtp::Duration first_pause = std::chrono::seconds(10);
constexpr smtp::Duration longest_pause = std::chrono::seconds(60);

smtp::Instant::rep ticks(smtp::Instant instant) {
    return instant.time_since_epoch().count();
}

}  // namespace

std::vector<std::size_t> Reachability::order(smtp::Instant now) {
    std::vector<std::size_t> order;
    std::vector<std::size_t> later;
    for (std::size_t place = 0; place < upstreams_.size(); ++place) {
        One& one = upstreams_[place];
        const Ticks pause = one.pause;
        Ticks until = one.left_alone_until;
        // Of those who come when the pause is over the first one tries.
        const bool is_to_be_tried =
            pause == 0 || (until <= ticks(now) &&
                           one.left_alone_until.compare_exchange_strong(until, ticks(now) + pause));
        (is_to_be_tried ? order : later).push_back(place);
    }
    order.insert(order.end(), later.begin(), later.end());
    return order;
}

bool Reachability::failed(std::size_t place, smtp::Instant since, smtp::Instant now) {
    One& one = upstreams_[place];
    Ticks before = one.failed_at;
    // Those who were under way when another one failed tell nothing new.
    if (one.pause != 0 && ticks(since) <= before) return false;
    if (!one.failed_at.compare_exchange_strong(before, ticks(now))) return false;
    const Ticks pause =
        std::clamp<Ticks>(2 * one.pause, first_pause.count(), longest_pause.count());
    one.left_alone_until = ticks(now) + pause;
    return one.pause.exchange(pause) == 0;
}

bool Reachability::reached(std::size_t place) {
    One& one = upstreams_[place];
    return one.pause.load(std::memory_order_relaxed) != 0 && one.pause.exchange(0) != 0;
}

}  // namespace smtpblock::net
