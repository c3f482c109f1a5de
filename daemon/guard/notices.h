// What is said in the log for all threads together: that the store cannot be read, or lets
// everything pass for a while, and an identity without a domain. Each is said once, or once a
// minute, whichever thread meets it. For any thread; no lock is taken while there is nothing to
// say.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "common/time_text.h"
#include "daemon/guard/log.h"
#include "daemon/smtp/session_options.h"

namespace smtpblock::guard {

class Notices {
public:
    /// The log must outlive it.
    explicit Notices(Log& log) : log_(log) {}
    Notices(const Notices&) = delete;
    Notices& operator=(const Notices&) = delete;

    /// Of each look at the store: until when enforcing is paused, if it is. A pause is said when it
    /// is noticed and each minute from then on, and so is its end. The clock is asked only then.
    void pause(const std::optional<Time>& until, smtp::Instant (*clock)());
    /// A check failed for `why`; `enforcing` is what becomes of it.
    void trouble(std::string_view why, std::string_view enforcing, smtp::Instant now);
    /// The store was read.
    void no_trouble();
    /// True the first time.
    bool is_first_bare_identity(std::string_view listener);

private:
    using Ticks = smtp::Instant::rep;
    static constexpr Ticks never = INT64_MIN;

    Log& log_;
    std::mutex mutex_;
    std::atomic<Ticks> told_of_pause_{never};      ///< while it is paused
    std::atomic<std::uint64_t> failed_checks_{0};  ///< since the store was last read
    std::optional<smtp::Instant> told_of_trouble_;
    bool tell_of_recovery_ = false;  ///< the trouble was told
    std::set<std::string, std::less<>> bare_listeners_;
};

}  // namespace smtpblock::guard
