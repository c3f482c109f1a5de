#include "daemon/smtp/timer_lag.h"

#include <algorithm>

namespace smtpblock::smtp {
namespace {

/// A thread that was kept from running for longer is no measure of what is usual.
constexpr Duration most = std::chrono::milliseconds(1);
constexpr Duration least_step = std::chrono::microseconds(1);
constexpr int steps = 16;  ///< to the whole of it

}  // namespace

/// A step up for each that is above it, a step down for each that is below: it comes to rest where
/// there are as many of the ones as of the others, however far out some of them lie.
void TimerLag::note(Duration late) {
    late = std::clamp(late, Duration(), most);
    if (usual_ == Duration()) {
        usual_ = late;
        return;
    }
    const Duration step = std::max(usual_ / steps, least_step);
    usual_ = late > usual_ ? std::min(usual_ + step, late) : std::max(usual_ - step, late);
}

}  // namespace smtpblock::smtp
