#include "cli/poll_until.h"

#include <poll.h>

#include <cerrno>
#include <cstring>

namespace smtpblock {

Result<bool> poll_until(int descriptor, short events, std::chrono::steady_clock::time_point until) {
    using std::chrono::milliseconds;
    while (true) {
        const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        pollfd wanted{descriptor, events, 0};
        const int count = ::poll(&wanted, 1, static_cast<int>(left.count()));
        if (count > 0) return true;
        if (count < 0 && errno != EINTR) return fail(ErrorCode::failed, "{}", std::strerror(errno));
    }
}

}  // namespace smtpblock
