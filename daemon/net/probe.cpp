#include "daemon/net/probe.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/guard/log_record.h"

namespace smtpblock::net {

using boost::system::error_code;
using std::chrono::steady_clock;

namespace {

/// Clients wait this long for a first answer of the upstream, and no longer.
constexpr auto first_try = std::chrono::seconds(3);
constexpr auto longest_pause = std::chrono::seconds(60);

}  // namespace

Probe::Probe(IoContext& io, Upstream& upstream, guard::Log& log,
             const smtp::SessionOptions& options)
    : upstream_(upstream), log_(log), options_(options), try_timer_(io), first_try_timer_(io) {}

Probe::~Probe() {
    stop();
}

void Probe::start(std::function<void()> tried) {
    tried_ = std::move(tried);
    first_try_timer_.expires_after(first_try);
    first_try_timer_.async_wait([this](error_code error) {
        if (!error) tell_tried();
    });
    try_now();
}

void Probe::stop() {
    if (link_) std::exchange(link_, nullptr)->close();
    try_timer_.cancel();
    first_try_timer_.cancel();
}

void Probe::try_now() {
    const auto now = steady_clock::now();
    learner_.emplace(smtp::LearnerOptions{.hostname = options_.hostname,
                                          .tls = options_.upstream_tls.front(),
                                          .client_address = options_.client_address,
                                          .ask_for_recipient = options_.learn_rcpt_reply,
                                          .patience = options_.timeouts.upstream_connect},
                     now);
    in_tls_ = false;
    link_ = upstream_.connect(*this, "");
    try_timer_.expires_at(learner_->deadline());
    try_timer_.async_wait([this](error_code error) {
        if (error) return;
        learner_->on_time(steady_clock::now());
        pump();
    });
}

void Probe::on_link_connected(Link&) {
    learner_->on_connected();
    pump();
}

void Probe::on_link_tls(Link&) {
    learner_->on_tls();
    pump();
}

void Probe::on_link_bytes(Link&, std::string_view bytes) {
    learner_->on_bytes(bytes);
    pump();
}

void Probe::on_link_writable(Link&) {
    pump();
}

void Probe::on_link_eof(Link&) {
    learner_->on_closed("");
    pump();
}

void Probe::on_link_closed(Link&, std::string_view why) {
    link_.reset();
    learner_->on_closed(why);
    pump();
}

void Probe::pump() {
    if (learner_->learnt() && learner_->want() == smtp::Want::close &&
        !std::exchange(told_learnt_, true)) {
        upstream_.profile().learn(0, learner_->learnt()->host, learner_->learnt()->keywords);
        upstream_.profile().rcpt_refusal = learner_->learnt()->rcpt_refusal;
        tell(guard::LogLevel::info, "learnt", upstream_.profile().host);
        tell_tried();
    }
    if (learner_->want() == smtp::Want::close) return end_try();
    if (!learner_->output().empty()) learner_->on_written(link_->write(learner_->output()));
    if (learner_->want() == smtp::Want::tls_handshake && !std::exchange(in_tls_, true))
        upstream_.begin_tls(*link_);
    link_->read(learner_->want() == smtp::Want::read);
}

void Probe::end_try() {
    stop();
    if (learner_->learnt()) return;
    if (pause_ == std::chrono::seconds(1))  // of the later tries nobody needs to hear
        tell(guard::LogLevel::warning, "unreachable", learner_->why());
    tell_tried();
    try_timer_.expires_after(pause_);
    pause_ = std::min<std::chrono::seconds>(pause_ * 2, longest_pause);
    try_timer_.async_wait([this](error_code error) {
        // A real connection may have learnt it meanwhile.
        if (!error && !upstream_.profile().learnt) try_now();
    });
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
