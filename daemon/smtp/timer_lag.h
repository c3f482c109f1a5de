// By how much the events at deadlines come late, usually: the kernel's wake-up and whatever else
// the thread does. A reply that imitates the upstream's is made ready that much earlier, or it
// would be told by the difference.
#pragma once

#include "daemon/smtp/session_options.h"

namespace smtpblock::smtp {

class TimerLag {
public:
    /// An event came that much behind its deadline.
    void note(Duration late);
    /// The median of those that came lately, or near it; 0 until one was seen.
    Duration usual() const { return usual_; }

private:
    Duration usual_{};
};

}  // namespace smtpblock::smtp
