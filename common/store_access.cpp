#include "common/store_access.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "common/text.h"

namespace smtpblock {
namespace {

constexpr auto failed = ErrorCode::failed;

std::string user_name(uid_t user) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> buffer{};
    if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
        return entry.pw_name;
    return fmt::format("number {}", user);
}

/// Root follows what another user may exchange under it: so for root the directory is root's.
Result<void> check_owner(const std::string& path, const struct stat& info) {
    if ((info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0)
        return fail(failed, "{}: anybody may exchange what is in it; chmod o-w it", quoted(path));
    if (::geteuid() != 0) return {};
    if (info.st_uid != 0)
        return fail(ErrorCode::not_permitted,
                    "{}: belongs to user {}, who could exchange it under root; "
                    "run this as that user, or chown it",
                    quoted(path), user_name(info.st_uid));
    if ((info.st_mode & S_IWGRP) != 0 && info.st_gid != 0)
        return fail(failed, "{}: group {} may exchange what is in it; chmod g-w it", quoted(path),
                    group_name(info.st_gid));
    return {};
}

Result<void> check_above(const std::string& root) {
    std::array<char, PATH_MAX> real{};
    const std::string parent = parent_of(root);
    if (::realpath(parent.c_str(), real.data()) == nullptr) {
        if (errno == ENOENT)
            return fail(ErrorCode::no_store,
                        "{}: no such directory; make it first, or give another "
                        "one with --store",
                        quoted(parent));
        return path_failure(parent, errno);
    }
    for (std::string above = real.data();; above = parent_of(above)) {
        struct stat info {};
        if (::stat(above.c_str(), &info) != 0) return path_failure(above, errno);
        if ((info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0)
            return fail(failed,
                        "{}: anybody may exchange the store in it; chmod o-w {}, or give another "
                        "directory with --store",
                        quoted(root), quoted(above));
        if (above == "/") return {};
    }
}

Result<void> check_file(const std::string& path, mode_t type) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
        if (errno != ENOENT) return path_failure(path, errno);
        return fail(failed,
                    "{}: it is gone; bring it back from a backup, or remove {} to begin anew",
                    quoted(path), quoted(parent_of(path)));
    }
    if ((info.st_mode & S_IFMT) != type)
        return fail(failed, "{}: not a {}; move it away, or name another store with --store DIR",
                    quoted(path), type == S_IFDIR ? "directory" : "plain file");
    return {};
}

bool may_write(const std::string& path) {
    return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;
}

Result<void> check_data(const std::string& path, StoreAccess access) {
    if (auto file = check_file(path, S_IFREG); !file) return file;
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return path_failure(path, errno);
    // LMDB would begin a new store in it.
    if (info.st_size == 0)
        return fail(failed,
                    "{}: damaged: it is empty; bring it back from a backup, or remove {} to begin "
                    "anew",
                    quoted(path), quoted(parent_of(path)));
    if (access == StoreAccess::write && !may_write(path)) return path_failure(path, errno);
    return {};
}

Result<void> check_lock(const StorePaths& paths) {
    const std::string lock = paths.rules_lock();
    if (may_write(lock)) return {};
    if (errno == EROFS)
        return fail(failed,
                    "{}: the store is on a read-only mount, where it would be read without locks; "
                    "add ReadWritePaths={}",
                    quoted(lock), paths.root());
    struct stat info {};
    if (errno == EACCES && ::stat(lock.c_str(), &info) == 0)
        return fail(failed,
                    "{}: lock.mdb is not writable, so the store would be read without locks; "
                    "run as a member of group {}, with mode 0660",
                    quoted(lock), group_name(info.st_gid));
    return path_failure(lock, errno);
}

}  // namespace

Failure path_failure(const std::string& path, int error) {
    if (error == EACCES || error == EPERM)
        return fail(ErrorCode::not_permitted, "{}: {}; use sudo, or --store DIR", quoted(path),
                    std::strerror(error));
    return fail(failed, "{}: {}", quoted(path), std::strerror(error));
}

std::string without_slashes(const std::string& path) {
    const auto last = path.find_last_not_of('/');
    return last == std::string::npos ? path.substr(0, 1) : path.substr(0, last + 1);
}

std::string parent_of(const std::string& path) {
    const auto slash = path.find_last_of('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

std::string group_name(gid_t id) {
    group entry{};
    group* found = nullptr;
    std::array<char, 4096> buffer{};
    if (::getgrgid_r(id, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
        return entry.gr_name;
    return fmt::format("{}", id);
}

Result<void> check_place(const StorePaths& paths, StoreAccess access) {
    const std::string root = without_slashes(paths.root());
    if (root.empty()) return fail(ErrorCode::bad_input, "'': a store is a directory; name one");
    struct stat info {};
    if (::lstat(root.c_str(), &info) != 0) {
        if (errno == ENOENT) return check_above(root);
        return path_failure(root, errno);
    }
    if (S_ISLNK(info.st_mode))
        return fail(failed, "{}: a symbolic link; name the directory itself", quoted(root));
    if (!S_ISDIR(info.st_mode))
        return fail(failed, "{}: not a directory; a store is one", quoted(root));
    if (auto above = check_above(root); !above) return above;
    if (access == StoreAccess::read) return {};
    if (auto owner = check_owner(root, info); !owner) return owner;
    if (::lstat(paths.rules().c_str(), &info) != 0) return {};
    if (!S_ISDIR(info.st_mode)) return check_file(paths.rules(), S_IFDIR);
    return check_owner(paths.rules(), info);
}

Result<void> check_parts(const StorePaths& paths, StoreAccess access) {
    struct stat info {};
    if (::lstat(paths.rules().c_str(), &info) != 0) {
        if (errno != ENOENT) return path_failure(paths.rules(), errno);
        return fail(ErrorCode::no_store,
                    "{}: no store there; make one with 'smtpblock init', or name another with "
                    "--store DIR",
                    quoted(paths.root()));
    }
    if (auto rules = check_file(paths.rules(), S_IFDIR); !rules) return rules;
    if (auto data = check_data(paths.rules_data(), access); !data) return data;
    if (::lstat(paths.rules_lock().c_str(), &info) != 0 && errno == ENOENT)
        return fail(ErrorCode::no_store, "{}: it is gone; 'smtpblock init' makes it anew",
                    quoted(paths.rules_lock()));
    if (auto lock = check_file(paths.rules_lock(), S_IFREG); !lock) return lock;
    return check_lock(paths);
}

}  // namespace smtpblock
