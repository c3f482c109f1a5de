#include "daemon/descriptor_limit.h"

#include <fmt/format.h>
#include <sys/resource.h>

namespace smtpblock {

void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

std::optional<std::uint64_t> descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return std::nullopt;
    return limit.rlim_cur;
}

std::string descriptor_warning(std::size_t sessions, std::optional<std::uint64_t> limit) {
    constexpr std::uint64_t of_a_session = 2;  // the client's, and the upstream's
    if (!limit || sessions <= *limit / of_a_session) return "";
    return fmt::format(
        "limits.sessions: {} need up to {} descriptors, and this process may have {}; write "
        "LimitNOFILE= into a drop-in for its unit, or fewer sessions",
        sessions, sessions * of_a_session, *limit);
}

}  // namespace smtpblock
