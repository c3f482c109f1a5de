// Asks an upstream how it greets: before the first client is taken, when that failed again and
// again in the background, and where its refusal is to be learnt once an hour and after a failure.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "daemon/guard/log.h"
#include "daemon/net/behind/inquiry.h"
#include "daemon/net/behind/upstream.h"
#include "daemon/net/link.h"
#include "daemon/smtp/learner.h"
#include "daemon/smtp/session_options.h"

namespace smtpblock::net {

class Probe : public std::enable_shared_from_this<Probe> {
public:
    using Tried = std::function<void()>;
    using OnLearnt = std::function<void(const smtp::Learnt&)>;

    /// Everything must outlive the probe. The upstream is that at `place` of its listener, whose
    /// options are `options`.
    Probe(IoContext& io, const Upstream& upstream, std::size_t place, guard::Log& log,
          const smtp::SessionOptions& options);
    ~Probe();
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;

    /// `tried` is called once: when the first try has ended, or after a while without. `on_learnt`
    /// each time that it has learnt something, before that if it was in time.
    void start(Tried tried, OnLearnt on_learnt);
    /// The upstream is known already: asks again when it is time to.
    void go_on(OnLearnt on_learnt);
    /// A session could not reach the upstream: whoever answers there next may refuse in other
    /// words.
    void ask_again();
    void stop();

private:
    void wait(Timer& timer, std::chrono::seconds time, void (Probe::*then)());
    void try_now();
    void on_answered(const smtp::Learner& learner);
    void try_later();
    void tell_tried();
    void tell(guard::LogLevel level, std::string_view state, std::string_view detail);

    IoContext& io_;
    const Upstream& upstream_;
    const std::size_t place_;
    guard::Log& log_;
    const smtp::SessionOptions& options_;
    Tried tried_;
    OnLearnt on_learnt_;
    std::shared_ptr<Inquiry> inquiry_;
    Timer try_timer_;
    Timer first_try_timer_;
    std::chrono::seconds pause_{1};  ///< before the next try, when this one fails
    bool told_learnt_ = false;
    bool asks_soon_ = false;
};

}  // namespace smtpblock::net
