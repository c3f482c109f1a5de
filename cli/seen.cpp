#include "cli/seen.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "cli/as_owner.h"
#include "common/seen_store.h"
#include "common/store_access.h"
#include "common/text.h"

namespace smtpblock {
namespace {

/// More than any record has.
constexpr std::size_t most_octets = 8192;

/// In the child: an octet that says whether one was found, then the record; nothing after a
/// failure.
std::string found(const StorePaths& paths, RuleId id) {
    const auto record = find_seen(paths, id);
    if (!record) return {};
    return *record ? "+" + encode_seen(**record) : "-";
}

Result<std::optional<SeenRecord>> seen_as(const struct stat& owner, const StorePaths& paths,
                                          RuleId id) {
    const std::string answer = answer_as(owner, most_octets, [&] { return found(paths, id); });
    if (answer == "-") return std::optional<SeenRecord>();
    auto record = answer.starts_with('+') ? decode_seen(answer.substr(1)) : std::nullopt;
    if (!record)
        return fail(ErrorCode::failed, "{}: cannot be read as its owner; it can be deleted",
                    quoted(paths.seen()));
    return record;
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
