#include "daemon/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "common/descriptor.h"
#include "common/text.h"

namespace smtpblock {
namespace {

std::optional<std::uint64_t> number_in(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

Failure not_heard(const char* name, int error) {
    return fail(ErrorCode::failed, "NOTIFY_SOCKET: {}: {}; the service manager hears nothing of us",
                quoted(name), std::strerror(error));
}

}  // namespace

Result<void> notify_service_manager(std::string_view state) {
    const char* name = std::getenv("NOTIFY_SOCKET");
    if (name == nullptr) return {};
    const std::size_t octets = std::strlen(name);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (octets < 2 || octets >= sizeof address.sun_path || (name[0] != '/' && name[0] != '@'))
        return fail(ErrorCode::bad_input,
                    "NOTIFY_SOCKET: {}: neither a path nor @ and a name; the service manager hears "
                    "nothing of us",
                    quoted(name));
    std::memcpy(address.sun_path, name, octets);
    if (name[0] == '@') address.sun_path[0] = '\0';  // an abstract name

    const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket.open()) return not_heard(name, errno);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + octets);
    const auto sent = sendto(socket.number(), state.data(), state.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), size);
    if (sent != static_cast<ssize_t>(state.size())) return not_heard(name, errno);
    return {};
}

Result<std::optional<std::chrono::microseconds>> watchdog_interval() {
    using std::chrono::microseconds;
    constexpr std::uint64_t shortest = microseconds(std::chrono::milliseconds(1)).count();
    constexpr std::uint64_t longest = microseconds(std::chrono::hours(1)).count();
    const auto none = std::optional<microseconds>();
    const char* const wait = std::getenv("WATCHDOG_USEC");
    if (wait == nullptr) return none;
    const auto time = number_in(wait);
    if (!time || *time == 0 || *time == std::numeric_limits<std::uint64_t>::max())
        return fail(ErrorCode::bad_input,
                    "WATCHDOG_USEC: {}: no time in microseconds; the service manager gets no sign "
                    "of life",
                    quoted(wait));
    if (const char* const process = std::getenv("WATCHDOG_PID"); process != nullptr) {
        const auto number = number_in(process);
        if (!number || *number == 0)
            return fail(ErrorCode::bad_input,
                        "WATCHDOG_PID: {}: no process; the service manager gets no sign of life",
                        quoted(process));
        if (*number != static_cast<std::uint64_t>(::getpid())) return none;
    }
    return std::optional(microseconds(std::clamp(*time / 2, shortest, longest)));
}

}  // namespace smtpblock
