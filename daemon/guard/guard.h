// The policy of the daemon: the rules of the store, and the log. Each check looks at the store as
// it is then; each decision that stops a sender leaves a line that names its rule.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "common/store_reader.h"
#include "daemon/guard/log.h"
#include "daemon/guard/login_rate.h"
#include "daemon/smtp/policy.h"
#include "daemon/smtp/session_options.h"

namespace smtpblock::guard {

struct GuardOptions {
    std::string recipient_delimiter = "+";
    bool pass_on_store_error = false;
};

/// Expiry is asked of the wall clock; what is said once a minute is not.
struct Clock {
    Time (*wall)();
    smtp::Instant (*steady)();

    static Clock system();
};

class Guard : public smtp::Policy {
public:
    /// The reader and the log must outlive the guard. One thread.
    Guard(StoreReader& rules, Log& log, GuardOptions options, Clock clock = Clock::system());

    Verdict check(smtp::Moment moment, const smtp::Subject& subject) override;
    bool may_ask_upstream(const smtp::Subject& subject, std::size_t most) override;
    void authenticated(const smtp::Subject& subject, bool accepted) override;
    void accepted(const smtp::Subject& subject, std::string_view reply) override;
    void note(const smtp::Subject& subject, std::string_view event,
              std::string_view detail) override;
    /// To be called now and then: says in the log that a pause began or is over, also when no mail
    /// comes. What is decided does not wait for it.
    void look();

private:
    void report(smtp::Moment moment, const smtp::Subject& subject, const Decision& decision);
    void report(smtp::Moment moment, const smtp::Subject& subject, const Match& match,
                std::string_view also);
    void note_pause(const std::optional<Time>& until);
    Verdict on_trouble();
    void on_recovery();
    void warn_of_bare_identity(const smtp::Subject& subject);

    StoreReader& rules_;
    Log& log_;
    const GuardOptions options_;
    const Clock clock_;
    LoginRate blocked_logins_;
    std::uint64_t failed_checks_ = 0;             ///< since the store was last read
    std::optional<smtp::Instant> told_of_pause_;  ///< while it is paused
    std::optional<smtp::Instant> told_of_trouble_;
    bool tell_of_recovery_ = false;  ///< the trouble was told
    std::set<std::string, std::less<>> warned_listeners_;
};

}  // namespace smtpblock::guard
