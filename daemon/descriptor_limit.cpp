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

std::string descriptor_warning(std::size_t sessions, const std::set<Protocol>& protocols,
                               std::optional<std::uint64_t> limit) {
    std::uint64_t of_each = 0;
    for (const Protocol protocol : protocols)
        of_each += protocol == Protocol::smtp ? 2 : 1;  // the client's, and the upstream's
    const std::uint64_t needed = sessions * of_each;
    if (!limit || needed <= *limit) return "";
    return fmt::format(
        "limits.sessions: {} need up to {} descriptors, and this process may have {}; write "
        "LimitNOFILE= into a drop-in for its unit, or fewer sessions",
        sessions, needed, *limit);
}

}  // namespace smtpblock
