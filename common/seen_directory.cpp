#include "common/seen_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/store_access.h"
#include "common/text.h"

namespace smtpblock {

Result<Descriptor> open_seen(const StorePaths& paths) {
    Descriptor directory(
        ::open(paths.seen().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory.open()) return path_failure(paths.seen(), errno);
    struct stat info {};
    if (::fstat(directory.number(), &info) != 0) return path_failure(paths.seen(), errno);
    const bool roots = ::geteuid() == 0;
    const bool others_write = (info.st_mode & S_IWOTH) != 0 ||
                              (roots && (info.st_mode & S_IWGRP) != 0 && info.st_gid != 0);
    const bool ours = info.st_uid == ::geteuid() ||
                      (!roots && ::faccessat(directory.number(), ".", W_OK, AT_EACCESS) == 0);
    if (ours && !others_write) return directory;
    return fail(ErrorCode::not_permitted, "{}: {}", quoted(paths.seen()),
                ours
                    ? "other users may write in it; run smtpblockd as one of them, or chmod go-w it"
                    : "it is another user's; run smtpblockd as that user");
}

}  // namespace smtpblock
