// Tells the service manager what becomes of us: sd_notify(3)'s protocol, without its library.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "common/result.h"

namespace smtpblock {

/// Sends `state`, such as `READY=1`, to the socket that NOTIFY_SOCKET names; where none is named,
/// nobody wants to know. Errors: bad_input, failed, with what is wrong with the socket.
Result<void> notify_service_manager(std::string_view state);

/// How often it wants to hear `WATCHDOG=1`: twice in WATCHDOG_USEC, if that is for the process
/// WATCHDOG_PID (sd_watchdog_enabled(3)), and not more often than each millisecond nor more seldom
/// than each hour. Nothing: never. Errors: bad_input.
Result<std::optional<std::chrono::microseconds>> watchdog_interval();

}  // namespace smtpblock
