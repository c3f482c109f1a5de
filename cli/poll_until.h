// Waiting for one descriptor, up to a moment.
#pragma once

#include <chrono>

#include "common/result.h"

namespace smtpblock {

/// True once it is ready for one of `events` (poll(2)); false after `until`. Signals do not end it.
/// Error: failed.
Result<bool> poll_until(int descriptor, short events, std::chrono::steady_clock::time_point until);

}  // namespace smtpblock
