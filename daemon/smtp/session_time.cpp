// How long each side may take, and what becomes of a session whose peer takes longer.
#include <algorithm>

#include "daemon/smtp/session_impl.h"

namespace smtpblock::smtp {

void Session::Impl::on_time(Instant now) {
    begin(now);
    if (now >= upstream_deadline()) {
        lose_upstream("timeout");
        upstream_since_ = now;
        work();
    }
    const Instant imitated = std::min(paced_deadline(), local_failure_deadline());
    if (imitated != Instant::max() && now >= imitated) profile_.timer_lag.note(now - imitated);
    if (now >= paced_deadline()) {
        say_what_is_due();
        work();
    }
    if (hold_ == Hold::local_failure && now >= local_failure_deadline()) {
        answer_local_failure();
        work();
    }
    if (now < client_deadline()) return;
    client_since_ = now;
    if (ending_ != Ending::no || !client_output_.empty()) {
        note("client timeout", "it does not read");
        ending_ = Ending::now;
    } else {
        if (mode_ == Mode::message) drop_upstream();
        note("client timeout", "");
        end_with("421 4.4.2", "Error: timeout exceeded");
    }
}

Instant Session::Impl::deadline() const {
    return std::min(
        {client_deadline(), upstream_deadline(), local_failure_deadline(), paced_deadline()});
}

Instant Session::Impl::client_deadline() const {
    if (client_gone_) return Instant::max();
    if (client_waits()) return Instant::max();
    const bool in_message = mode_ == Mode::message && ending_ == Ending::no;
    return client_since_ + (in_message ? options_.timeouts.data : options_.timeouts.command);
}

Instant Session::Impl::upstream_deadline() const {
    constexpr auto last_reply = std::chrono::seconds(5);  // to QUIT, when the client has gone
    if (link_.state() == UpstreamLink::State::connecting)
        return upstream_since_ + options_.timeouts.upstream_connect;
    if (link_.state() == UpstreamLink::State::securing)
        return upstream_since_ + options_.timeouts.upstream_connect;
    if (!link_.connected()) return Instant::max();
    if (client_gone_) return upstream_since_ + last_reply;
    // Whether a connection that was idle is alive shows no later than a new one would.
    if (upstream_.reused) return upstream_since_ + options_.timeouts.upstream_connect;
    if (const auto due = link_.next_due())
        return upstream_since_ + (due == Due::end ? options_.timeouts.upstream_end
                                                  : options_.timeouts.upstream_reply);
    if (!link_.output().empty()) return upstream_since_ + options_.timeouts.data;
    return Instant::max();
}

}  // namespace smtpblock::smtp
