// When a recipient that is refused here is refused: as late as the upstream would have refused him,
// had it been asked. So nobody tells by a clock which of the two has spoken. How long it takes is
// seen in the sessions in which it is asked; after many errors it is slower (Postfix's soft limit),
// and has to be where it does not know of them.
#include <algorithm>
#include <utility>

#include "daemon/smtp/session_impl.h"

namespace smtpblock::smtp {

RcptNeeds Session::Impl::rcpt_needs() const {
    if (!link_.connected() && !imitated_.connected) return RcptNeeds::connection;
    const bool knows_sender = transaction_->mail_sent || transaction_->mail_imitated;
    return knows_sender ? RcptNeeds::nothing : RcptNeeds::mail;
}

/// `reply` is the answer to a recipient that the upstream does not hear of.
void Session::Impl::refuse_rcpt(std::string reply) {
    RefusalTimes& times = profile_.refusal_times;
    const RcptNeeds needs = rcpt_needs();
    const bool is_next = !paced_.empty();
    // One draw for all of a write, since what makes one slow makes the others slow too.
    if (paced_.size() == 1) imitated_.each_next = times.draw_next();
    const Duration pause = pause_after(errors_upstream()) * replies_to_rcpt(needs);
    const Instant due = std::max(now_, imitated_.busy_until) +
                        (is_next ? imitated_.each_next : times.draw(needs)) + pause;
    // A server says the answers to one write in one piece, but for those that it is slow with.
    if (pause == Duration())
        for (std::size_t i = paced_.size(); i > 0 && !paced_[i - 1].slowed; --i)
            paced_[i - 1].due = due;
    imitated_.busy_until = due;
    imitated_.connected = true;
    transaction_->mail_imitated = true;
    ++imitated_.errors;
    reply += "\r\n";
    paced_.push({std::move(reply), replies_.promise(), due, pause != Duration(), true});
    say_what_is_due();
}

/// DATA in one write with recipients who are all refused: the upstream would have got it too.
void Session::Impl::refuse_data(std::string_view reply) {
    const Duration pause = pause_after(errors_upstream());
    imitated_.busy_until += pause;
    ++imitated_.errors;
    paced_.push({fmt::format("{}\r\n", reply), replies_.promise(), imitated_.busy_until,
                 pause != Duration(), true});
}

Duration Session::Impl::pause_after(std::uint32_t errors) const {
    return profile_.refusal_times.pause(errors, options_.soft_error_limit());
}

/// Of this connection, those among them that it would have seen.
std::uint32_t Session::Impl::errors_upstream() const {
    return upstream_.errors + imitated_.errors;
}

/// The upstream is slow to answer after errors of which it knows.
Duration Session::Impl::missing_pause() const {
    const Duration pause = pause_after(errors_upstream());
    return pause_after(upstream_.errors) == pause ? Duration() : pause;
}

/// A command that goes to an upstream which is there, or would be.
void Session::Impl::imitate_command() {
    const Duration pause = pause_after(errors_upstream());
    if (pause == Duration() || (!imitated_.connected && !link_.connected())) return;
    imitated_.busy_until = std::max(now_, imitated_.busy_until) + pause;
}

void Session::Impl::answer_after(Duration pause, ReplyQueue::Place place,
                                 const std::string& reply) {
    if (pause == Duration()) return tell(place, reply);
    paced_.push({reply, place, now_ + pause, true, reply.starts_with('5')});
}

void Session::Impl::say_what_is_due() {
    while (!paced_.empty() && !client_gone_ && paced_deadline() <= now_) {
        say_paced(paced_.pop());
        client_since_ = now_;
    }
}

void Session::Impl::say_paced(const PacedAnswer& answer) {
    if (answer.is_error)
        replies_.refuse(answer.place, answer.reply);
    else
        replies_.answer(answer.place, answer.reply);
}

Instant Session::Impl::paced_deadline() const {
    if (paced_.empty() || client_gone_) return Instant::max();
    return paced_.front().due - profile_.timer_lag.usual();
}

/// The connection has gone, and what its upstream knew of the session.
void Session::Impl::forget_imitated() {
    upstream_.errors = 0;
    imitated_ = {};
    end_rcpt_time();
}

/// A message was delivered, which makes up for them here as there.
void Session::Impl::forget_errors() {
    replies_.forget_errors();
    upstream_.errors = 0;
    imitated_.errors = 0;
    imitated_.busy_until = {};
}

/// A recipient goes to the upstream, or waits for it to be there.
void Session::Impl::begin_rcpt_time() {
    if (timed_.due > 0) {
        ++timed_.count;
        ++timed_.due;
        return;
    }
    const bool measurable = link_.state() == UpstreamLink::State::none || link_.quiet();
    if (!measurable || !paced_.empty()) return;
    // What is imitated has given the upstream nothing.
    const RcptNeeds needs = !link_.connected()        ? RcptNeeds::connection
                            : transaction_->mail_sent ? RcptNeeds::nothing
                                                      : RcptNeeds::mail;
    timed_ = {.needs = needs, .errors = upstream_.errors, .since = now_, .count = 1, .due = 1};
}

/// What else the upstream has to answer meanwhile would be measured with it.
void Session::Impl::end_rcpt_time() {
    timed_ = {};
}

void Session::Impl::note_rcpt_time(const Reply& reply) {
    if (timed_.due == 0) return;
    timed_.refused = timed_.refused && reply.code / 100 == 5;
    if (--timed_.due > 0) return;
    RefusalTimes& times = profile_.refusal_times;
    const Duration took = now_ - timed_.since;
    if (timed_.count == 1)
        times.learn({timed_.needs, timed_.errors, took, timed_.refused},
                    options_.soft_error_limit());
    else if (timed_.refused && pause_after(timed_.errors + timed_.count - 1) == Duration())
        times.learn_next((took - times.usual(timed_.needs)) / (timed_.count - 1));
}

}  // namespace smtpblock::smtp
