// Looks at the paths of a store before LMDB opens them: LMDB follows any link, makes what is
// missing with the wrong mode, and reads without locks where it may not write lock.mdb.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "common/result.h"
#include "common/store_paths.h"

namespace smtpblock {

enum class StoreAccess : std::uint8_t { read, write };

/// A file as the disk knows it: another one under the same name is another identity.
struct FileIdentity {
    dev_t device = 0;
    ino_t inode = 0;

    friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// The store's directory is no symbolic link, and nobody else can exchange it: neither it nor a
/// directory above it may be written by all without being sticky, and where root writes, it is
/// root's. Errors: not_permitted, failed. Says nothing when it does not exist.
Result<void> check_place(const StorePaths& paths, StoreAccess access);

/// Directory and files are there, are what they should be and can be used as `access` says.
/// Errors: no_store, not_permitted, failed.
Result<void> check_parts(const StorePaths& paths, StoreAccess access);

/// "'path': why" and, for a missing right, what to do. Errors: not_permitted, failed.
Failure path_failure(const std::string& path, int error);

/// `root` without slashes at its end, which would make lstat() follow a link.
std::string without_slashes(const std::string& path);

/// The directory that `path` is in; `path` is without slashes at its end.
std::string parent_of(const std::string& path);

/// The name of a group, or its number.
std::string group_name(gid_t group);

}  // namespace smtpblock
