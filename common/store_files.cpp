#include "common/store_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

#include "common/descriptor.h"
#include "common/store.h"
#include "common/store_access.h"
#include "common/store_environment.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr auto failed = ErrorCode::failed;
constexpr const char* own_user = "smtpblock";  // and its group

constexpr mode_t root_mode = 0755;
constexpr mode_t rules_mode = 0750;
constexpr mode_t data_mode = 0640;
constexpr mode_t lock_mode = 0660;
// Where administrators have a group of their own, the daemon is one of the others: the directory
// keeps everybody else out.
constexpr mode_t admin_data_mode = 0664;
constexpr mode_t admin_lock_mode = 0666;

int open_directory(const std::string& path) {
    return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool is_empty_directory(const std::string& path) {
    DIR* const directory = ::opendir(path.c_str());
    if (directory == nullptr) return false;
    int entries = 0;
    while (::readdir(directory) != nullptr) ++entries;
    ::closedir(directory);
    return entries <= 2;  // . and ..
}

std::optional<gid_t> group_of(const std::string& name) {
    group entry{};
    group* found = nullptr;
    std::array<char, 4096> buffer{};
    if (::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
        found != nullptr)
        return entry.gr_gid;
    gid_t number = 0;
    const char* const end = name.data() + name.size();
    const auto read = std::from_chars(name.data(), end, number);
    if (read.ec == std::errc{} && read.ptr == end) return number;
    return std::nullopt;
}

struct User {
    uid_t number;
    gid_t group;
};

std::optional<User> user_of(const char* name) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> buffer{};
    if (::getpwnam_r(name, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
        return User{entry.pw_uid, entry.pw_gid};
    return std::nullopt;
}

/// Who a store of this caller belongs to.
struct Ownership {
    uid_t owner;  ///< of the rules
    gid_t group;  ///< of everything
    User daemon;  ///< of what the daemon writes
    bool group_named = false;
    std::optional<gid_t> admins{};  ///< of what administrators write, where it was named

    /// Where the group is not the owner's own, the daemon is another user in it.
    mode_t daemon_mode() const { return group == daemon.group ? 0750 : 0770; }
};

Result<gid_t> group_named(const std::string& name) {
    const auto group = group_of(name);
    if (group) return *group;
    return fail(ErrorCode::bad_input, "{}: no such group; make it, or name another one",
                quoted(name));
}

Result<Ownership> choose_ownership(const InitOptions& options) {
    const User caller{::geteuid(), ::getegid()};
    const bool is_root = caller.number == 0;
    Ownership ownership{caller.number, caller.group, caller};
    if (!options.group.empty()) {
        const auto group = group_named(options.group);
        if (!group) return Failure(group.error());
        ownership.group = *group;
        ownership.group_named = true;
    } else if (const auto group = group_of(own_user); group && is_root) {
        ownership.group = *group;
    }
    if (!options.admin_group.empty()) {
        const auto admins = group_named(options.admin_group);
        if (!admins) return Failure(admins.error());
        ownership.admins = *admins;
    }
    if (const auto user = user_of(own_user); user && is_root) ownership.daemon = *user;
    return ownership;
}

class Init {
public:
    Init(const StorePaths& paths, const Ownership& ownership)
        : paths_(paths), root_(without_slashes(paths.root())), ownership_(ownership) {}

    Result<InitReport> run() {
        if (auto made = make_root(); !made) return std::move(made).failure();
        // Two at once: the second one finds the first one's store.
        const Descriptor root(open_directory(root_));
        if (!root.open()) return path_failure(root_, errno);
        if (::flock(root.number(), LOCK_EX) != 0) return path_failure(root_, errno);

        if (::access(paths_.rules().c_str(), F_OK) != 0) {
            if (auto made = make_rules(); !made) return std::move(made).failure();
            report_.created = true;
        } else {
            if (auto lock = make_lock(paths_.rules(), existing_group()); !lock)
                return std::move(lock).failure();
            if (auto settled = settle(); !settled) return std::move(settled).failure();
        }
        for (const std::string& directory : {paths_.seen(), paths_.maildir()})
            if (auto made = make_daemon_directory(directory); !made)
                return std::move(made).failure();
        if (auto synced = sync_directory(root_); !synced) return std::move(synced).failure();
        return report();
    }

private:
    Result<void> make_root() {
        if (::mkdir(root_.c_str(), 0700) == 0) {
            if (auto given = give(root_, ownership_.owner, ownership_.group, root_mode); !given)
                return given;
            return sync_directory(parent_of(root_));
        }
        if (errno != EEXIST) return path_failure(root_, errno);
        struct stat info {};
        if (::stat(root_.c_str(), &info) != 0) return path_failure(root_, errno);
        // An empty directory of the caller's is taken as made for the store; another is left as
        // it is.
        if (info.st_uid == ownership_.owner && is_empty_directory(root_))
            return give(root_, ownership_.owner, ownership_.group, root_mode);
        return {};
    }

    /// Under another name, which it loses when it is whole: so there is no half-made store.
    Result<void> make_rules() {
        const std::string fresh = paths_.rules() + ".new";
        remove_rules(fresh);  // of an init that was killed
        if (::mkdir(fresh.c_str(), 0700) != 0) return path_failure(fresh, errno);
        auto made = fill_rules(fresh);
        if (made && ::rename(fresh.c_str(), paths_.rules().c_str()) != 0)
            made = path_failure(paths_.rules(), errno);
        if (!made) remove_rules(fresh);
        return made;
    }

    static void remove_rules(const std::string& directory) {
        ::unlink((directory + "/data.mdb").c_str());
        ::unlink((directory + "/lock.mdb").c_str());
        ::rmdir(directory.c_str());
    }

    Result<void> fill_rules(const std::string& directory) {
        const auto admins = ownership_.admins;
        if (auto data = make_file(directory + "/data.mdb", admins.value_or(ownership_.group),
                                  admins ? admin_data_mode : data_mode, 0);
            !data)
            return data;
        if (auto lock = make_lock(directory, ownership_.group); !lock) return lock;
        if (auto made = StoreEnvironment::make(directory); !made) return made;
        if (auto synced = sync_directory(directory); !synced) return synced;
        return give(directory, ownership_.owner, ownership_.group, rules_mode);
    }

    Result<void> make_lock(const std::string& directory, gid_t group) {
        const std::string lock = directory + "/lock.mdb";
        struct stat info {};
        if (::lstat(lock.c_str(), &info) == 0) return {};
        const mode_t mode = ownership_.admins ? admin_lock_mode : lock_mode;
        if (auto made = make_file(lock, group, mode, lock_file_octets); !made) return made;
        return sync_directory(directory);
    }

    /// Groups and modes of a store that is there.
    Result<void> settle() {
        struct stat rules {};
        struct stat data {};
        if (::stat(paths_.rules().c_str(), &rules) != 0) return path_failure(paths_.rules(), errno);
        if (::lstat(paths_.rules_data().c_str(), &data) != 0)
            return check_parts(paths_, StoreAccess::read);
        if (!S_ISREG(data.st_mode)) return {};
        const gid_t group = ownership_.group_named ? ownership_.group : rules.st_gid;
        auto admins = ownership_.admins;
        if (!admins && data.st_gid != rules.st_gid) admins = data.st_gid;
        const bool alone = !admins || *admins == group;
        if (auto done = give_file(paths_.rules_data(), alone ? group : *admins,
                                  alone ? data_mode : admin_data_mode);
            !done)
            return done;
        if (auto done = give_file(paths_.rules_lock(), group, alone ? lock_mode : admin_lock_mode);
            !done)
            return done;
        for (const std::string& path : {paths_.seen(), paths_.maildir()})
            if (struct stat info{}; ::stat(path.c_str(), &info) == 0 && info.st_gid != group)
                if (auto done = give(path, info.st_uid, group, info.st_mode & 07777U); !done)
                    return done;
        return rules.st_gid == group && (rules.st_mode & 07777U) == rules_mode
                   ? Result<void>{}
                   : give(paths_.rules(), rules.st_uid, group, rules_mode);
    }

    /// Nothing where it is as it should be: whoever may not change it need not.
    Result<void> give_file(const std::string& path, gid_t group, mode_t mode) const {
        const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
        struct stat info {};
        if (!file.open() || ::fstat(file.number(), &info) != 0) return path_failure(path, errno);
        if (info.st_gid == group && (info.st_mode & 07777U) == mode) return {};
        if (::fchown(file.number(), info.st_uid, group) != 0)
            return group_failure(path, group, errno);
        if (::fchmod(file.number(), mode) != 0) return path_failure(path, errno);
        return {};
    }

    gid_t existing_group() const {
        struct stat info {};
        return ::stat(paths_.rules().c_str(), &info) == 0 ? info.st_gid : ownership_.group;
    }

    Result<void> make_file(const std::string& path, gid_t group, mode_t mode, off_t octets) const {
        const Descriptor file(
            ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!file.open()) return path_failure(path, errno);
        if (::fchown(file.number(), ownership_.owner, group) != 0)
            return group_failure(path, group, errno);
        if (::fchmod(file.number(), mode) != 0) return path_failure(path, errno);
        if (octets > 0)
            if (const int error = ::posix_fallocate(file.number(), 0, octets); error != 0)
                return path_failure(path, error);
        if (::fsync(file.number()) != 0) return path_failure(path, errno);
        return {};
    }

    Result<void> make_daemon_directory(const std::string& path) const {
        if (::mkdir(path.c_str(), 0700) != 0)
            return errno == EEXIST ? Result<void>{} : path_failure(path, errno);
        return give(path, ownership_.daemon.number, existing_group(), ownership_.daemon_mode());
    }

    /// By a descriptor, so that a link put in its place is not followed.
    Result<void> give(const std::string& path, uid_t user, gid_t group, mode_t mode) const {
        const Descriptor directory(open_directory(path));
        if (!directory.open()) return path_failure(path, errno);
        if (::fchown(directory.number(), user, group) != 0)
            return group_failure(path, group, errno);
        if (::fchmod(directory.number(), mode) != 0) return path_failure(path, errno);
        return {};
    }

    static Failure group_failure(const std::string& path, gid_t group, int error) {
        if (error == EPERM)
            return fail(ErrorCode::not_permitted,
                        "{}: cannot be given to group {}; use sudo, or name a group you are in",
                        quoted(path), group_name(group));
        return path_failure(path, error);
    }

    static Result<void> sync_directory(const std::string& path) {
        const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!directory.open() || ::fsync(directory.number()) != 0) return path_failure(path, errno);
        return {};
    }

    InitReport report() {
        struct stat root {};
        struct stat rules {};
        ::stat(root_.c_str(), &root);
        ::stat(paths_.rules().c_str(), &rules);
        report_.group = group_name(rules.st_gid);
        struct stat data {};
        if (::stat(paths_.rules_data().c_str(), &data) == 0 && data.st_gid != rules.st_gid) {
            report_.admin_group = group_name(data.st_gid);
            if (ownership_.admins)
                note(
                    fmt::format("who is to edit the rules must be in both groups: "
                                "usermod -aG {},{} NAME",
                                report_.group, report_.admin_group));
        }
        const bool alone = ownership_.owner == 0 && rules.st_gid == 0;
        if (alone)
            note(
                "only root can read the rules; to run smtpblockd as another user, make a group "
                "and a store for it with --group");
        if (!alone && (root.st_mode & S_IXOTH) == 0 &&
            ((root.st_mode & S_IXGRP) == 0 || root.st_gid != rules.st_gid))
            note(fmt::format("group {} cannot enter {}; chmod o+x it", report_.group,
                             quoted(root_)));
        return std::move(report_);
    }

    void note(std::string sentence) { report_.notes.push_back(std::move(sentence)); }

    const StorePaths& paths_;
    std::string root_;
    Ownership ownership_;
    InitReport report_;
};

}  // namespace

Result<InitReport> init_store(const StorePaths& paths, const InitOptions& options) {
    auto ownership = choose_ownership(options);
    if (!ownership) return std::move(ownership).failure();
    if (auto place = check_place(paths, StoreAccess::write); !place)
        return std::move(place).failure();
    return Init(paths, *ownership).run();
}

}  // namespace smtpblock
