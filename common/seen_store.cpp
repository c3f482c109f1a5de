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
#include "common/store_access.h"
#include "common/store_environment.h"
#include "common/store_fault.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr auto failed = ErrorCode::failed;
constexpr std::size_t map_octets = std::size_t{1} << 30U;
/// Administrators who are in the group of the store read it, for which LMDB writes in lock.mdb.
constexpr mode_t mode = S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP;

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

/// LMDB would give both files one mode, and would leave holes in lock.mdb (store.h).
Result<void> make_file(const std::string& path, off_t octets) {
    const Descriptor file(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!file.open()) return errno == EEXIST ? Result<void>{} : path_failure(path, errno);
    if (::fchmod(file.number(), mode) != 0) return path_failure(path, errno);
    const int full = octets > 0 ? ::posix_fallocate(file.number(), 0, octets) : 0;
    if (full == 0) return {};
    ::unlink(path.c_str());
    return path_failure(path, full);
}

int open(const StorePaths& paths, unsigned flags, lmdb::Environment& environment) {
    if (const int number = prepare(environment); number != MDB_SUCCESS) return number;
    const std::string directory = paths.seen();
    return guarded([&] {
        const int number = mdb_env_set_mapsize(environment.get(), map_octets);
        return number != MDB_SUCCESS
                   ? number
                   : mdb_env_open(environment.get(), directory.c_str(), flags | MDB_NOTLS, mode);
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

int add(const StorePaths& paths, const SeenRecords& records) {
    lmdb::Environment environment;
    int number = open(paths, 0, environment);
    if (number != MDB_SUCCESS) return number;
    int dead = 0;
    number = guarded([&] { return mdb_reader_check(environment.get(), &dead); });
    lmdb::Transaction transaction;
    MDB_dbi table = 0;
    if (number == MDB_SUCCESS) number = begin(environment.get(), 0, transaction, table);
    for (const auto& [id, record] : records)
        if (number == MDB_SUCCESS) number = add(transaction.get(), table, id, record);
    return number == MDB_SUCCESS ? lmdb::commit(transaction) : number;
}

bool is_damage(int number) {
    return number == page_is_gone || number == page_is_nonsense || number == MDB_CORRUPTED ||
           number == MDB_PAGE_NOTFOUND || number == MDB_INVALID || number == MDB_PANIC;
}

/// Ours alone: root would follow what another user may put there.
Result<void> check_owner(const StorePaths& paths, int directory) {
    struct stat info {};
    if (::fstat(directory, &info) != 0) return path_failure(paths.seen(), errno);
    if (info.st_uid == ::geteuid()) return {};
    return fail(ErrorCode::not_permitted, "{}: it is another user's; run smtpblockd as that user",
                quoted(paths.seen()));
}

}  // namespace

Result<bool> add_seen(const StorePaths& paths, const SeenRecords& records) {
    const Descriptor directory(
        ::open(paths.seen().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory.open()) return path_failure(paths.seen(), errno);
    if (auto owned = check_owner(paths, directory.number()); !owned)
        return std::move(owned).failure();
    // LMDB would wait for a daemon that was stopped in the midst of it.
    if (::flock(directory.number(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return false;
        return path_failure(paths.seen(), errno);
    }
    if (auto made = make_file(data_of(paths), 0); !made) return std::move(made).failure();
    if (auto made = make_file(lock_of(paths), lock_file_octets); !made)
        return std::move(made).failure();
    const int number = add(paths, records);
    if (number == MDB_SUCCESS) return true;
    if (!is_damage(number))
        return fail(failed, "{}: {}", quoted(data_of(paths)), meaning_of(number));
    ::unlink(data_of(paths).c_str());
    ::unlink(lock_of(paths).c_str());
    return fail(failed, "{}: damaged; what was counted is lost, and it is begun anew",
                quoted(data_of(paths)));
}

Result<std::optional<SeenRecord>> find_seen(const StorePaths& paths, RuleId id) {
    struct stat info {};
    if (::lstat(data_of(paths).c_str(), &info) != 0) {
        if (errno == ENOENT) return std::optional<SeenRecord>();
        return path_failure(data_of(paths), errno);
    }
    lmdb::Environment environment;
    lmdb::Transaction transaction;
    MDB_dbi table = 0;
    std::string octets;
    int number = open(paths, MDB_RDONLY, environment);
    if (number == MDB_SUCCESS) number = begin(environment.get(), MDB_RDONLY, transaction, table);
    if (number == MDB_SUCCESS) number = lmdb::get(transaction.get(), table, key_of(id), octets);
    if (number == MDB_NOTFOUND) return std::optional<SeenRecord>();
    if (number == EACCES || number == EPERM) return path_failure(data_of(paths), number);
    auto record = number == MDB_SUCCESS ? decode_seen(octets) : std::nullopt;
    if (!record)
        return fail(failed, "{}: {}", quoted(data_of(paths)),
                    number == MDB_SUCCESS || is_damage(number) ? "damaged; it can be deleted"
                                                               : meaning_of(number));
    return record;
}

}  // namespace smtpblock
