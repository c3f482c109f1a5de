#include "daemon/guard/login_rate.h"

#include <chrono>
#include <iterator>

namespace smtpblock::guard {

bool LoginRate::take(std::string_view account, std::size_t most, smtp::Instant now) {
    constexpr auto window = std::chrono::minutes(1);
    const std::lock_guard hold(mutex_);
    const auto found = by_account_.find(account);
    if (found == by_account_.end()) {
        if (counts_.size() == most_accounts_) {
            by_account_.erase(counts_.front().account);
            counts_.pop_front();
        }
        counts_.push_back({std::string(account), now, 0});
        by_account_.emplace(counts_.back().account, std::prev(counts_.end()));
    } else if (now - found->second->since >= window) {
        found->second->since = now;
        found->second->logins = 0;
        counts_.splice(counts_.end(), counts_, found->second);
    }
    Count& count = *by_account_.find(account)->second;
    if (count.logins >= most) return false;
    ++count.logins;
    return true;
}

}  // namespace smtpblock::guard
