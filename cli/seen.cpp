#include "cli/seen.h"

#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>

#include "cli/poll_until.h"
#include "common/descriptor.h"
#include "common/seen_store.h"
#include "common/store_access.h"
#include "common/text.h"

namespace smtpblock {
namespace {

using Clock = std::chrono::steady_clock;

/// A child that a hostile lock.mdb keeps waiting ends by itself, unless its user stops it.
constexpr std::chrono::seconds patience{10};
/// More than any record has.
constexpr std::size_t most_octets = 8192;

/// True when nothing of root's is left, no terminal either, to which it could type: of all files
/// `kept` alone is open.
bool become(uid_t user, gid_t group, int kept) {
    const auto number = static_cast<unsigned>(kept);
    return ::setsid() >= 0 && (kept == 0 || ::close_range(0, number - 1, 0) == 0) &&
           ::close_range(number + 1, ~0U, 0) == 0 && ::setgroups(0, nullptr) == 0 &&
           ::setresgid(group, group, group) == 0 && ::setresuid(user, user, user) == 0;
}

/// In the child: an octet that says whether one was found, then the record; nothing after a
/// failure.
[[noreturn]] void send_seen(const StorePaths& paths, RuleId id, const struct stat& owner, int to) {
    ::alarm(static_cast<unsigned>(patience.count()));
    ::signal(SIGALRM, SIG_DFL);
    if (!become(owner.st_uid, owner.st_gid, to)) ::_exit(1);
    const auto record = find_seen(paths, id);
    if (!record) ::_exit(1);
    const std::string answer = *record ? "+" + encode_seen(**record) : "-";
    ::_exit(::write(to, answer.data(), answer.size()) < 0 ? 1 : 0);
}

std::string everything_from(int from) {
    const auto deadline = Clock::now() + patience;
    std::string all;
    std::array<char, most_octets> part{};
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

/// Ends the child, however it takes that: its user may have stopped it, or it may never stop
/// writing.
std::string answer_of(pid_t child, Descriptor from) {
    std::string answer = everything_from(from.number());
    ::kill(child, SIGKILL);
    ::close(from.release());
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) continue;
    return answer;
}

Result<std::optional<SeenRecord>> seen_as(const struct stat& owner, const StorePaths& paths,
                                          RuleId id) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return path_failure(paths.seen(), errno);
    Descriptor from(ends[0]);
    const pid_t child = ::fork();
    if (child == 0) send_seen(paths, id, owner, ends[1]);
    ::close(ends[1]);
    if (child < 0) return path_failure(paths.seen(), errno);
    const std::string answer = answer_of(child, std::move(from));
    if (answer == "-") return std::optional<SeenRecord>();
    auto record = answer.starts_with('+') ? decode_seen(answer.substr(1)) : std::nullopt;
    if (!record)
        return fail(ErrorCode::failed, "{}: cannot be read as its owner; it can be deleted",
                    quoted(paths.seen()));
    return record;
}

/// Nobody else could have written it.
bool is_roots_alone(const struct stat& info) {
    return info.st_uid == 0 && (info.st_mode & S_IWOTH) == 0 &&
           ((info.st_mode & S_IWGRP) == 0 || info.st_gid == 0);
}

/// Links, and files that were moved there, could lead to what is another user's.
bool is_odd(const struct stat& directory, const struct stat& data, const struct stat& lock) {
    return !S_ISDIR(directory.st_mode) || !S_ISREG(data.st_mode) || !S_ISREG(lock.st_mode) ||
           data.st_uid != lock.st_uid ||
           (data.st_uid != directory.st_uid && (directory.st_mode & S_IWGRP) == 0);
}

Result<std::optional<SeenRecord>> seen_by_root(const StorePaths& paths, RuleId id) {
    struct stat directory {};
    struct stat data {};
    struct stat lock {};
    const bool found = ::lstat(paths.seen().c_str(), &directory) == 0 &&
                       ::lstat((paths.seen() + "/data.mdb").c_str(), &data) == 0;
    if (!found && errno == ENOENT) return std::optional<SeenRecord>();
    if (!found) return path_failure(paths.seen(), errno);
    // So it begins; from then on it is odd without a lock.mdb.
    if (S_ISREG(data.st_mode) && data.st_size == 0) return std::optional<SeenRecord>();
    const bool odd =
        ::lstat((paths.seen() + "/lock.mdb").c_str(), &lock) != 0 || is_odd(directory, data, lock);
    if (!odd && is_roots_alone(directory) && is_roots_alone(data) && is_roots_alone(lock))
        return find_seen(paths, id);
    if (!odd && data.st_uid != 0) return seen_as(data, paths, id);
    return fail(ErrorCode::not_permitted,
                "{}: root does not read what others may have put there; read it as a user of its "
                "group, or delete what is in it",
                quoted(paths.seen()));
}

}  // namespace

Result<std::optional<SeenRecord>> seen_of(const StorePaths& paths, RuleId id) {
    return ::geteuid() == 0 ? seen_by_root(paths, id) : find_seen(paths, id);
}

}  // namespace smtpblock
