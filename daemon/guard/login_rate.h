// How many blocked logins of an account the upstream was asked about in the last minute, so that
// one bot's tries do not become a storm in somebody's fail2ban. Bounded: the account that was
// counted first is forgotten first. For any thread.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "daemon/smtp/session_options.h"

namespace smtpblock::guard {

class LoginRate {
public:
    explicit LoginRate(std::size_t most_accounts = 10000) : most_accounts_(most_accounts) {}

    /// Counts one more of `account` and is true, unless there were `most` within the minute that
    /// began with the first.
    bool take(std::string_view account, std::size_t most, smtp::Instant now);

private:
    struct Count {
        std::string account;
        smtp::Instant since;
        std::size_t logins = 0;
    };
    using Counts = std::list<Count>;  ///< the one that is counted longest first

    const std::size_t most_accounts_;
    std::mutex mutex_;  ///< taken by blocked logins alone
    Counts counts_;
    std::unordered_map<std::string_view, Counts::iterator> by_account_;  ///< views into counts_
};

}  // namespace smtpblock::guard
