#include "common/seen_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "common/descriptor.h"
#include "common/lmdb.h"
#include "common/octets.h"
#include "common/seen_directory.h"
#include "common/store_access.h"
#include "common/store_environment.h"
#include "common/store_fault.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr auto failed = ErrorCode::failed;
constexpr mode_t data_mode = 0640;
/// Administrators who are in the group of the store read it, for which LMDB writes in lock.mdb.
constexpr mode_t lock_mode = 0660;

std::string data_of(const StorePaths& paths) {
    return paths.seen() + "/data.mdb";
}
std::string lock_of(const StorePaths& paths) {
    return paths.seen() + "/lock.mdb";
}

/// In network order, so that the keys sort as the IDs do.
std::string key_of(RuleId id) {
    OctetWriter key;
    key.fixed32(static_cast<std::uint32_t>(id >> 32U));
    key.fixed32(static_cast<std::uint32_t>(id));
    return key.take();
}

/// Others in our group may put links there, or files of their own.
Result<void> check_file(const std::string& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) return path_failure(path, errno);
    if (S_ISREG(info.st_mode) && info.st_uid == ::geteuid()) return {};
    return fail(ErrorCode::not_permitted, "{}: it is not a file of ours; delete it", quoted(path));
}

/// LMDB would give both files one mode, and would leave holes in lock.mdb (store.h).
Result<void> make_file(const std::string& path, gid_t group, mode_t mode, off_t octets) {
    const Descriptor file(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.open()) return errno == EEXIST ? check_file(path) : path_failure(path, errno);
    // Who is not in that group counts nevertheless; only its members cannot read it then.
    static_cast<void>(::fchown(file.number(), static_cast<uid_t>(-1), group) == 0);
    if (::fchmod(file.number(), mode) != 0) return path_failure(path, errno);
    const int full = octets > 0 ? ::posix_fallocate(file.number(), 0, octets) : 0;
    if (full == 0) return {};
    ::unlink(path.c_str());
    return path_failure(path, full);
}

int open(const StorePaths& paths, unsigned flags, std::size_t map_octets,
         lmdb::Environment& environment) {
    if (const int number = prepare(environment); number != MDB_SUCCESS) return number;
    const std::string directory = paths.seen();
    return guarded([&] {
        const int number = mdb_env_set_mapsize(environment.get(), map_octets);
        return number != MDB_SUCCESS ? number
                                     : mdb_env_open(environment.get(), directory.c_str(),
                                                    flags | MDB_NOTLS, lock_mode);
    });
}

int begin(MDB_env* environment, unsigned flags, lmdb::Transaction& transaction, MDB_dbi& table) {
    const int number = lmdb::begin(environment, flags, transaction);
    if (number != MDB_SUCCESS) return number;
    return guarded([&] { return mdb_dbi_open(transaction.get(), nullptr, 0, &table); });
}

/// What cannot be read is begun anew.
int add(MDB_txn* transaction, MDB_dbi table, RuleId id, const SeenRecord& later) {
    std::string octets;
    const std::string key = key_of(id);
    const int number = lmdb::get(transaction, table, key, octets);
    if (number != MDB_SUCCESS && number != MDB_NOTFOUND) return number;
    SeenRecord record = decode_seen(octets).value_or(SeenRecord{});
    record.add(later);
    return lmdb::put(transaction, table, key, encode_seen(record), 0);
}

/// The lowest IDs are the oldest rules'.
int forget(MDB_txn* transaction, MDB_dbi table, std::size_t most) {
    MDB_stat counts{};
    int number = guarded([&] { return mdb_stat(transaction, table, &counts); });
    if (number != MDB_SUCCESS || counts.ms_entries <= most) return number;
    lmdb::TableCursor cursor(transaction, table);
    for (std::size_t left = counts.ms_entries; number == MDB_SUCCESS && left > most; --left) {
        number = cursor.first();
        if (number == MDB_SUCCESS) number = lmdb::erase(transaction, table, cursor.key());
    }
    return number;
}

int add(const StorePaths& paths, const SeenRecords& records, const SeenLimits& limits) {
    lmdb::Environment environment;
    int number = open(paths, 0, limits.map_octets, environment);
    if (number != MDB_SUCCESS) return number;
    int dead = 0;
    number = guarded([&] { return mdb_reader_check(environment.get(), &dead); });
    lmdb::Transaction transaction;
    MDB_dbi table = 0;
    if (number == MDB_SUCCESS) number = begin(environment.get(), 0, transaction, table);
    for (const auto& [id, record] : records)
        if (number == MDB_SUCCESS) number = add(transaction.get(), table, id, record);
    if (number == MDB_SUCCESS) number = forget(transaction.get(), table, limits.rules);
    return number == MDB_SUCCESS ? lmdb::commit(transaction) : number;
}

bool is_damage(int number) {
    return number == page_is_gone || number == page_is_nonsense || number == MDB_CORRUPTED ||
           number == MDB_PAGE_NOTFOUND || number == MDB_INVALID || number == MDB_PANIC;
}

}  // namespace

Result<bool> add_seen(const StorePaths& paths, const SeenRecords& records,
                      const SeenLimits& limits) {
    const auto directory = open_seen(paths);
    if (!directory) return Failure(directory.error());
    struct stat info {};
    if (::fstat(directory->number(), &info) != 0) return path_failure(paths.seen(), errno);
    // LMDB would wait for a daemon that was stopped in the midst of it.
    if (::flock(directory->number(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return false;
        return path_failure(paths.seen(), errno);
    }
    if (auto made = make_file(data_of(paths), info.st_gid, data_mode, 0); !made)
        return std::move(made).failure();
    if (auto made = make_file(lock_of(paths), info.st_gid, lock_mode, lock_file_octets); !made)
        return std::move(made).failure();
    const int number = add(paths, records, limits);
    if (number == MDB_SUCCESS) return true;
    if (!is_damage(number) && number != MDB_MAP_FULL)
        return fail(failed, "{}: {}", quoted(data_of(paths)), meaning_of(number));
    ::unlink(data_of(paths).c_str());
    ::unlink(lock_of(paths).c_str());
    return fail(failed, "{}: {}; what was counted is lost, and it is begun anew",
                quoted(data_of(paths)), number == MDB_MAP_FULL ? "full" : "damaged");
}

Result<std::optional<SeenRecord>> find_seen(const StorePaths& paths, RuleId id) {
    struct stat info {};
    if (::lstat(data_of(paths).c_str(), &info) != 0) {
        if (errno == ENOENT) return std::optional<SeenRecord>();
        return path_failure(data_of(paths), errno);
    }
    if (S_ISREG(info.st_mode) && info.st_size == 0) return std::optional<SeenRecord>();
    lmdb::Environment environment;
    lmdb::Transaction transaction;
    MDB_dbi table = 0;
    std::string octets;
    int number = open(paths, MDB_RDONLY, SeenLimits{}.map_octets, environment);
    if (number == MDB_SUCCESS) number = begin(environment.get(), MDB_RDONLY, transaction, table);
    if (number == MDB_SUCCESS) number = lmdb::get(transaction.get(), table, key_of(id), octets);
    // It may be deleted, or begun anew, at any moment.
    if (number == MDB_NOTFOUND || number == ENOENT) return std::optional<SeenRecord>();
    if (number == EACCES || number == EPERM) return path_failure(data_of(paths), number);
    auto record = number == MDB_SUCCESS ? decode_seen(octets) : std::nullopt;
    if (!record)
        return fail(failed, "{}: {}", quoted(data_of(paths)),
                    number == MDB_SUCCESS || is_damage(number) ? "damaged; it can be deleted"
                                                               : meaning_of(number));
    return record;
}

}  // namespace smtpblock
