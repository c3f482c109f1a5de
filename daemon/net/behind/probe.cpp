#include "daemon/net/behind/probe.h"

#include <algorithm>
#include <utility>

#include "daemon/guard/log_record.h"

namespace smtpblock::net {

using boost::system::error_code;

namespace {

/// Clients wait this long for a first answer of the upstream, and no longer.
constexpr auto first_try = std::chrono::seconds(3);
constexpr auto longest_pause = std::chrono::seconds(60);
constexpr auto after_failure = std::chrono::seconds(5);
constexpr auto between_questions = std::chrono::hours(1);

}  // namespace

Probe::Probe(IoContext& io, const Upstream& upstream, std::size_t place, guard::Log& log,
             const smtp::SessionOptions& options)
    : io_(io),
      upstream_(upstream),
      place_(place),
      log_(log),
      options_(options),
      try_timer_(io),
      first_try_timer_(io) {}

Probe::~Probe() {
    stop();
}

void Probe::start(Tried tried, OnLearnt on_learnt) {
    tried_ = std::move(tried);
    on_learnt_ = std::move(on_learnt);
    wait(first_try_timer_, first_try, &Probe::tell_tried);
    try_now();
}

void Probe::go_on(OnLearnt on_learnt) {
    on_learnt_ = std::move(on_learnt);
    told_learnt_ = true;
    try_later();
}

void Probe::ask_again() {
    if (!options_.learn_rcpt_reply || !told_learnt_ || inquiry_) return;
    if (std::exchange(asks_soon_, true)) return;
    wait(try_timer_, after_failure, &Probe::try_now);
}

void Probe::stop() {
    if (inquiry_) std::exchange(inquiry_, nullptr)->stop();
    try_timer_.cancel();
    first_try_timer_.cancel();
}

/// A timer that has fired already may outlive the probe.
void Probe::wait(Timer& timer, std::chrono::seconds time, void (Probe::*then)()) {
    timer.expires_after(time);
    timer.async_wait([self = weak_from_this(), then](error_code error) {
        if (const auto probe = self.lock(); probe && !error) (probe.get()->*then)();
    });
}

void Probe::try_now() {
    asks_soon_ = false;
    if (inquiry_) inquiry_->stop();
    inquiry_ = std::make_shared<Inquiry>(
        io_, upstream_,
        smtp::LearnerOptions{.hostname = options_.hostname,
                             .tls = options_.upstream_tls.at(place_),
                             .client_address = options_.client_address,
                             .ask_for_recipient = options_.learn_rcpt_reply,
                             .patience = options_.timeouts.upstream_connect});
    inquiry_->start([this](const smtp::Learner& learner) { on_answered(learner); });
}

void Probe::on_answered(const smtp::Learner& learner) {
    const auto answered = std::exchange(inquiry_, nullptr);  // whose learner it is
    if (learner.learnt()) {
        on_learnt_(*learner.learnt());
        if (!std::exchange(told_learnt_, true))
            tell(guard::LogLevel::info, "learnt", learner.learnt()->host);
        tell_tried();
        pause_ = std::chrono::seconds(1);
        return try_later();
    }
    // Of the later tries nobody needs to hear.
    if (pause_ == std::chrono::seconds(1))
        tell(guard::LogLevel::warning, "unreachable", learner.why());
    tell_tried();
    wait(try_timer_, pause_, &Probe::try_now);
    pause_ = std::min<std::chrono::seconds>(pause_ * 2, longest_pause);
}

/// How it greets is kept fresh by each session; how it refuses is not.
void Probe::try_later() {
    if (options_.learn_rcpt_reply) wait(try_timer_, between_questions, &Probe::try_now);
}

void Probe::tell_tried() {
    first_try_timer_.cancel();
    if (tried_) std::exchange(tried_, nullptr)();
}

void Probe::tell(guard::LogLevel level, std::string_view state, std::string_view detail) {
    guard::LogRecord record("upstream");
    record.add("listener", options_.listener).add("upstream", upstream_.address().text());
    record.add("state", state).add_known("detail", detail).write(log_, level);
}

}  // namespace smtpblock::net
