#include "cli/as_owner.h"

#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string_view>

#include "cli/poll_until.h"
#include "common/descriptor.h"

namespace smtpblock {
namespace {

using Clock = std::chrono::steady_clock;

/// A child that is kept waiting ends by itself, unless its user stops it.
constexpr std::chrono::seconds patience{10};

/// True when nothing of root's is left, no terminal either, to which it could type: of all files
/// `kept` alone is open.
bool become(uid_t user, gid_t group, int kept) {
    const auto number = static_cast<unsigned>(kept);
    return ::setsid() >= 0 && (kept == 0 || ::close_range(0, number - 1, 0) == 0) &&
           ::close_range(number + 1, ~0U, 0) == 0 && ::setgroups(0, nullptr) == 0 &&
           ::setresgid(group, group, group) == 0 && ::setresuid(user, user, user) == 0;
}

[[noreturn]] void answer(const struct stat& owner, int to,
                         const std::function<std::string()>& work) {
    ::alarm(static_cast<unsigned>(patience.count()));
    ::signal(SIGALRM, SIG_DFL);
    if (!become(owner.st_uid, owner.st_gid, to)) ::_exit(1);
    const std::string all = work();
    std::string_view left = all;
    while (!left.empty()) {
        const ssize_t written = ::write(to, left.data(), left.size());
        if (written <= 0) ::_exit(1);
        left.remove_prefix(static_cast<std::size_t>(written));
    }
    ::_exit(0);
}

std::string everything_from(int from, std::size_t most_octets) {
    const auto deadline = Clock::now() + patience;
    std::string all;
    std::array<char, 8192> part{};
    while (all.size() <= most_octets) {
        const auto ready = poll_until(from, POLLIN, deadline);
        if (!ready || !*ready) break;
        const ssize_t octets = ::read(from, part.data(), part.size());
        if (octets < 0 && errno == EINTR) continue;
        if (octets <= 0) break;
        all.append(part.data(), static_cast<std::size_t>(octets));
    }
    return all;
}

}  // namespace

std::string answer_as(const struct stat& owner, std::size_t most_octets,
                      const std::function<std::string()>& work) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return {};
    Descriptor from(ends[0]);
    const pid_t child = ::fork();
    if (child == 0) answer(owner, ends[1], work);
    ::close(ends[1]);
    if (child < 0) return {};
    std::string all = everything_from(from.number(), most_octets);
    // Its user may have stopped it, or it may never stop writing.
    ::kill(child, SIGKILL);
    ::close(from.release());
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) continue;
    return all.size() <= most_octets ? all : std::string();
}

/// Nobody else could have written it.
bool is_roots_alone(const struct stat& info) {
    return info.st_uid == 0 && (info.st_mode & S_IWOTH) == 0 &&
           ((info.st_mode & S_IWGRP) == 0 || info.st_gid == 0);
}

}  // namespace smtpblock
