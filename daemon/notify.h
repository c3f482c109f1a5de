// Tells the service manager what becomes of us: sd_notify(3)'s protocol, without its library.
#pragma once

#include <string_view>

namespace smtpblock {

/// Sends `state`, such as `READY=1`, to the socket that NOTIFY_SOCKET names. True when it was
/// sent; false as well where nobody wants to know.
bool notify_service_manager(std::string_view state);

}  // namespace smtpblock
