// A blocked login that we answer ourselves (`auth_failure`, `auth_upstream_max`): its secret goes
// nowhere, and the client sees what the upstream's real failures were seen to be, after as long as
// they took.
#include <cstdint>
#include <utility>

#include "daemon/smtp/session_impl.h"

namespace smtpblock::smtp {

/// A minute and account.
std::size_t Session::Impl::blocked_logins_to_ask() const {
    switch (options_.auth_failure) {
        case AuthFailure::local:
            return 0;
        case AuthFailure::upstream:
            break;
    }
    return options_.auth_upstream_max == 0 ? SIZE_MAX : options_.auth_upstream_max;
}

void Session::Impl::fail_locally(bool exchange_begun) {
    if (exchange_begun) copy_upstream("*\r\n");
    LoginFailure answer = profile_.login_failures.answer_to(auth_->mechanism);
    const Instant due = now_ + answer.delay + pause_after(errors_upstream());
    auth_->local = LocalFailure{std::move(answer), due, replies_.promise()};
    hold_ = Hold::local_failure;
}

Instant Session::Impl::local_failure_deadline() const {
    if (hold_ != Hold::local_failure || client_gone_) return Instant::max();
    return auth_->local->due - profile_.timer_lag.usual();
}

void Session::Impl::answer_local_failure() {
    hold_ = Hold::nothing;
    client_since_ = now_;
    const LocalFailure& local = *auth_->local;
    if (!local.answer.challenge.empty() && ending_ == Ending::no) {
        mode_ = Mode::auth_response;
        return replies_.answer(local.place, local.answer.challenge);
    }
    ++imitated_.errors;
    replies_.refuse(local.place, local.answer.words);
    auth_.reset();
}

/// The client's response to the challenge that comes before a refusal.
void Session::Impl::local_response(std::string_view line) {
    const Duration pause = pause_after(errors_upstream());
    answer_after(pause, replies_.promise(),
                 line == "*" ? "501 5.7.0 Authentication aborted\r\n" : auth_->local->answer.words);
    ++imitated_.errors;
    auth_.reset();
}

/// Nobody is left in whose name it could be answered: as if the upstream were lost in an exchange.
void Session::Impl::give_up_local_failure() {
    if (hold_ != Hold::local_failure) return;
    hold_ = Hold::nothing;
    client_since_ = now_;
    answer(auth_->local->place, unavailable_for_auth);
    auth_.reset();
}

}  // namespace smtpblock::smtp
