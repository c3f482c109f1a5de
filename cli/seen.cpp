#include "cli/seen.h"

#include <grp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>

#include "common/descriptor.h"
#include "common/seen_store.h"
#include "common/store_access.h"
#include "common/text.h"

namespace smtpblock {
namespace {

/// A child that a hostile lock.mdb keeps waiting ends by itself.
constexpr unsigned patience_seconds = 10;
/// More than any record has.
constexpr std::size_t most_octets = 8192;

/// True when nothing of root's is left, no terminal either: of all files `kept` alone is open.
bool become(uid_t user, gid_t group, int kept) {
    const auto number = static_cast<unsigned>(kept);
    return (kept == 0 || ::close_range(0, number - 1, 0) == 0) &&
           ::close_range(number + 1, ~0U, 0) == 0 && ::setgroups(0, nullptr) == 0 &&
           ::setresgid(group, group, group) == 0 && ::setresuid(user, user, user) == 0;
}

/// In the child: an octet that says whether one was found, then the record; nothing after a
/// failure.
[[noreturn]] void send_seen(const StorePaths& paths, RuleId id, const struct stat& owner, int to) {
    ::alarm(patience_seconds);
    ::signal(SIGALRM, SIG_DFL);
    if (!become(owner.st_uid, owner.st_gid, to)) ::_exit(1);
    const auto record = find_seen(paths, id);
    if (!record) ::_exit(1);
    const std::string answer = *record ? "+" + encode_seen(**record) : "-";
    ::_exit(::write(to, answer.data(), answer.size()) < 0 ? 1 : 0);
}

std::string everything_from(int from) {
    std::string all;
    std::array<char, most_octets> part{};
    while (all.size() <= most_octets) {
        const ssize_t octets = ::read(from, part.data(), part.size());
        if (octets < 0 && errno == EINTR) continue;
        if (octets <= 0) break;
        all.append(part.data(), static_cast<std::size_t>(octets));
    }
    return all;
}

Result<std::optional<SeenRecord>> seen_as(const struct stat& owner, const StorePaths& paths,
                                          RuleId id) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return path_failure(paths.seen(), errno);
    const Descriptor from(ends[0]);
    const pid_t child = ::fork();
    if (child == 0) send_seen(paths, id, owner, ends[1]);
    ::close(ends[1]);
    if (child < 0) return path_failure(paths.seen(), errno);
    const std::string answer = everything_from(from.number());
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (answer == "-") return std::optional<SeenRecord>();
    auto record = answer.starts_with('+') ? decode_seen(answer.substr(1)) : std::nullopt;
    if (!record)
        return fail(ErrorCode::failed, "{}: cannot be read as its owner; it can be deleted",
                    quoted(paths.seen()));
    return record;
}

}  // namespace

Result<std::optional<SeenRecord>> seen_of(const StorePaths& paths, RuleId id) {
    struct stat owner {};
    if (::lstat(paths.seen().c_str(), &owner) != 0) {
        if (errno == ENOENT) return std::optional<SeenRecord>();
        return path_failure(paths.seen(), errno);
    }
    if (::geteuid() == 0 && owner.st_uid != 0) return seen_as(owner, paths, id);
    return find_seen(paths, id);
}

}  // namespace smtpblock
