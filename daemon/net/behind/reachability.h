// Which of a listener's upstreams to try first: in their order, but one that could not be reached
// is left alone for a while, then tried by one session before the others go there again. What one
// thread learns all of them know; for any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <vector>

#include "daemon/smtp/session_options.h"

namespace smtpblock::net {

class Reachability {
public:
    explicit Reachability(std::size_t upstreams) : upstreams_(upstreams) {}

    /// The places of all upstreams, the one to be tried first at the front. Whoever asks is to try
    /// them: the first may be one that nobody else is sent to until it is known how that went.
    std::vector<std::size_t> order(smtp::Instant now);
    /// A try that was begun at `since` has failed. True when that is news.
    bool failed(std::size_t place, smtp::Instant since, smtp::Instant now);
    /// True when it could not be reached before.
    bool reached(std::size_t place);

private:
    using Ticks = smtp::Instant::rep;

    struct One {
        std::atomic<Ticks> left_alone_until{0};
        std::atomic<Ticks> pause{0};  ///< the last one; 0: it could be reached
        std::atomic<Ticks> failed_at{0};
    };

    std::vector<One> upstreams_;
};

}  // namespace smtpblock::net
