#include "common/store_backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "common/descriptor.h"
#include "common/rule_codec.h"
#include "common/store.h"
#include "common/store_access.h"
#include "common/store_fault.h"
#include "common/store_tables.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr auto failed = ErrorCode::failed;

/// Nobody but the caller and root can have written it, or will while it is read.
Result<void> check_writers(const std::string& file, const struct stat& info) {
    if (!S_ISREG(info.st_mode))
        return fail(failed, "{}: no regular file; a backup is one", quoted(file));
    if (info.st_uid != 0 && info.st_uid != ::geteuid())
        return fail(ErrorCode::not_permitted,
                    "{}: it belongs to somebody else, who could have put anything in it; "
                    "make it yours with chown",
                    quoted(file));
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return fail(ErrorCode::not_permitted,
                    "{}: others can write it; look into it, then 'chmod go-w' it", quoted(file));
    return {};
}

Result<void> sync_directory_of(const std::string& file) {
    const std::string directory = parent_of(file);
    const Descriptor open(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!open.open() || ::fsync(open.number()) != 0) return path_failure(directory, errno);
    return {};
}

}  // namespace

Result<std::unique_ptr<Backup>> Backup::open(const std::string& file) {
    const Descriptor open(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat info {};
    if (!open.open() || ::fstat(open.number(), &info) != 0) return path_failure(file, errno);
    if (auto checked = check_writers(file, info); !checked) return std::move(checked).failure();
    // Through the descriptor, so that LMDB opens the very file that was looked at.
    const std::string path = fmt::format("/proc/self/fd/{}", open.number());
    std::unique_ptr<Backup> backup(new Backup(file));
    int number = prepare(backup->environment_);
    if (number == MDB_SUCCESS)
        number = guarded([&] {
            return mdb_env_open(backup->environment_.get(), path.c_str(),
                                MDB_RDONLY | MDB_NOLOCK | MDB_NOSUBDIR | MDB_NOTLS, S_IRUSR);
        });
    if (number != MDB_SUCCESS) return backup->explain(number);
    if (auto opened = backup->open_tables(); !opened) return std::move(opened).failure();
    return backup;
}

Result<void> Backup::open_tables() {
    int number = lmdb::begin(environment_.get(), MDB_RDONLY, transaction_);
    MDB_txn* const begun = transaction_.get();
    MDB_dbi unnamed = 0;
    if (number == MDB_SUCCESS)
        number = guarded([&] {
            for (const auto& [name, table] :
                 {std::pair{static_cast<const char*>(nullptr), &unnamed},
                  {rules_table, &rules_},
                  {ids_table, &ids_}})
                if (const int rc = mdb_dbi_open(begun, name, 0, table); rc != MDB_SUCCESS)
                    return rc;
            return MDB_SUCCESS;
        });
    std::string raw;
    if (number == MDB_SUCCESS) number = lmdb::get(begun, unnamed, state_key, raw);
    if (number != MDB_SUCCESS) return explain(number);
    switch (decode_record(raw, record_)) {
        case RecordVerdict::good:
            return {};
        case RecordVerdict::newer:
            return fail(failed, "{}: made by a newer smtpblock; upgrade this one", quoted(file_));
        case RecordVerdict::older:
        case RecordVerdict::damaged:
            break;
    }
    return damaged("its state record is wrong");
}

Failure Backup::explain(int number) const {
    switch (number) {
        case MDB_NOTFOUND:
        case MDB_INCOMPATIBLE:
        case MDB_INVALID:
        case ENOENT:
        case EBADF:
            return fail(failed, "{}: no backup of a store; name one that 'smtpblock backup' made",
                        quoted(file_));
        case page_is_gone:
        case page_is_nonsense:
        case MDB_CORRUPTED:
        case MDB_PAGE_NOTFOUND:
            return fail(failed, "{}: damaged; name another backup", quoted(file_));
        default:
            return fail(failed, "{}: {}", quoted(file_), meaning_of(number));
    }
}

Failure Backup::damaged(std::string_view what) const {
    return fail(failed, "{}: damaged: {}; name another backup", quoted(file_), what);
}

namespace {

class Restore {
public:
    Restore(StoreTransaction& edit, const Backup& backup) : edit_(edit), backup_(backup) {}

    Result<void> run() {
        // All that must go, before any comes: they may have exchanged their patterns.
        if (auto gone = erase_others(); !gone) return gone;
        if (auto put = put_missing(); !put) return put;
        if (rules_ != backup_.record().rules() || checksum_ != backup_.record().checksum)
            return backup_.damaged("the sum of its rules is not what its state record says");
        edit_.raise_next_id(backup_.record().next_id);
        return {};
    }

private:
    struct Raw {
        std::string key;
        std::string value;
        friend bool operator==(const Raw&, const Raw&) = default;
    };

    /// False when there is none.
    static int find(MDB_txn* transaction, MDB_dbi rules, MDB_dbi ids, std::string_view id,
                    Raw& raw) {
        const int number = lmdb::get(transaction, ids, id, raw.key);
        if (number != MDB_SUCCESS) return number;
        return lmdb::get(transaction, rules, raw.key, raw.value);
    }

    Result<void> erase_others() {
        const StoreEnvironment& store = edit_.store();
        lmdb::TableCursor ids(edit_.transaction(), store.ids());
        Raw ours;
        Raw theirs;
        int number = ids.first();
        while (number == MDB_SUCCESS) {
            const std::string id = ids.key();
            number = find(edit_.transaction(), store.rules(), store.ids(), id, ours);
            if (number != MDB_SUCCESS) break;
            const int other =
                find(backup_.transaction(), backup_.rules(), backup_.ids(), id, theirs);
            if (other != MDB_SUCCESS && other != MDB_NOTFOUND) return backup_.explain(other);
            if (other == MDB_SUCCESS && ours == theirs) {
                number = ids.next();
                continue;
            }
            if (auto gone = edit_.remove(NumberKey::number_of(id)); !gone) return gone;
            number = ids.seek(id);
        }
        return number == MDB_NOTFOUND ? Result<void>{} : store.explain(number);
    }

    Result<void> put_missing() {
        lmdb::TableCursor ids(backup_.transaction(), backup_.ids());
        std::string value;
        int number = ids.first();
        for (; number == MDB_SUCCESS; number = ids.next()) {
            number = lmdb::get(backup_.transaction(), backup_.rules(), ids.value(), value);
            if (number != MDB_SUCCESS) break;
            const auto rule = decode_rule(ids.value(), value);
            if (!rule || NumberKey(rule->id).view() != ids.key())
                return backup_.damaged("a rule's checksum is wrong");
            ++rules_;
            checksum_ += rule_checksum(value);
            auto there = edit_.find(rule->id);
            if (!there) return std::move(there).failure();
            if (*there) continue;
            if (auto put = edit_.put_back(*rule); !put) return put;
        }
        return number == MDB_NOTFOUND ? Result<void>{} : backup_.explain(number);
    }

    StoreTransaction& edit_;
    const Backup& backup_;
    std::uint64_t rules_ = 0;
    std::uint64_t checksum_ = 0;
};

}  // namespace

Result<void> restore_rules(StoreTransaction& edit, const Backup& backup) {
    return Restore(edit, backup).run();
}

namespace {

/// A backup takes the place of a plain file at most: never of a device, nor of a part of the store,
/// which its daemons would then no longer find.
Result<void> check_target(const StoreEnvironment& store, const std::string& file) {
    struct stat info {};
    if (::lstat(file.c_str(), &info) != 0)
        return errno == ENOENT ? Result<void>{} : path_failure(file, errno);
    if (!S_ISREG(info.st_mode))
        return fail(failed, "{}: not a plain file; name a new one", quoted(file));
    const FileIdentity target{info.st_dev, info.st_ino};
    if (target == store.data() || target == store.lock())
        return fail(failed, "{}: a part of the store itself; name another file", quoted(file));
    return {};
}

}  // namespace

Result<void> write_backup(const StoreEnvironment& store, const std::string& file) {
    if (auto free = check_target(store, file); !free) return free;
    std::string fresh = file + ".XXXXXX";
    const Descriptor out(::mkostemp(fresh.data(), O_CLOEXEC));
    if (!out.open()) return path_failure(file, errno);
    int number =
        guarded([&] { return mdb_env_copyfd2(store.get(), out.number(), MDB_CP_COMPACT); });
    Result<void> written;
    if (number == ENOSPC || number == EDQUOT || number == EFBIG)
        written = path_failure(file, number);
    else if (number != MDB_SUCCESS)
        written = store.explain(number);
    else if (::fsync(out.number()) != 0 || ::rename(fresh.c_str(), file.c_str()) != 0)
        written = path_failure(file, errno);
    if (!written) {
        ::unlink(fresh.c_str());
        return written;
    }
    return sync_directory_of(file);
}

}  // namespace smtpblock
