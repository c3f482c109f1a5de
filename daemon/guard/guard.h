// The policy of the daemon: the rules of the store, and the log. Each check looks at the store as
// it is then; each decision that stops a sender leaves a line that names its rule. Each thread has
// a guard of its own; what they know together is in their GuardState.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "common/store_reader.h"
#include "daemon/guard/log.h"
#include "daemon/guard/login_rate.h"
#include "daemon/guard/notices.h"
#include "daemon/guard/sightings.h"
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

/// Of the guards of all threads, and of those that come after them.
struct GuardState {
    explicit GuardState(Log& log) : notices(log) {}

    Notices notices;
    LoginRate blocked_logins;
    Sightings sightings;
};

class Guard : public smtp::Policy {
public:
    /// All that is referred to must outlive the guard; the reader is this thread's.
    Guard(StoreReader& rules, Log& log, GuardState& state, GuardOptions options,
          Clock clock = Clock::system());

    Verdict check(smtp::Moment moment, const smtp::Subject& subject) override;
    smtp::Finding find(smtp::Moment moment, const smtp::Subject& subject) override;
    smtp::LoginVerdict check_login(const smtp::Subject& subject, std::size_t most) override;
    void authenticated(const smtp::Subject& subject, smtp::LoginResult result) override;
    void accepted(const smtp::Subject& subject, std::string_view reply) override;
    void note(const smtp::Subject& subject, std::string_view event,
              std::string_view detail) override;
    /// To be called now and then: says in the log that a pause began or is over, also when no mail
    /// comes. What is decided does not wait for it.
    void look();

private:
    Decision decide(smtp::Moment moment, const smtp::Subject& subject);
    bool may_ask_upstream(const smtp::Subject& subject, std::size_t most);
    void report(smtp::Moment moment, const smtp::Subject& subject, const Decision& decision,
                std::string_view answer);
    void report(smtp::Moment moment, const smtp::Subject& subject, const Match& match,
                std::string_view also, std::string_view answer);
    Verdict on_trouble();
    void warn_of_bare_identity(const smtp::Subject& subject);

    StoreReader& rules_;
    Log& log_;
    GuardState& state_;
    const GuardOptions options_;
    const Clock clock_;
    std::set<std::string, std::less<>> warned_listeners_;  ///< as far as this thread knows
};

}  // namespace smtpblock::guard
