// The LMDB environment of a store's rules, open, with its tables; what a reader and a writer have
// in common. One a process at a time: a second one would, when it is closed, give up the POSIX
// lock that keeps the slots of the first (see store.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/lmdb.h"
#include "common/result.h"
#include "common/store_access.h"
#include "common/store_paths.h"
#include "common/store_record.h"

namespace smtpblock {

/// What LMDB's or guarded()'s number means for whoever has to mend it: why, then the next step.
std::string meaning_of(int number);

/// An LMDB environment set up as every process must: LMDB takes the first one's word.
int prepare(lmdb::Environment& environment);

class StoreEnvironment {
public:
    /// Checks the paths, then opens. Errors: no_store, not_permitted, failed.
    static Result<std::unique_ptr<StoreEnvironment>> open(const StorePaths& paths,
                                                          StoreAccess access);
    /// Fills the empty files in `directory` with the tables and state of a new store.
    static Result<void> make(const std::string& directory);

    ~StoreEnvironment();
    StoreEnvironment(const StoreEnvironment&) = delete;
    StoreEnvironment& operator=(const StoreEnvironment&) = delete;

    MDB_env* get() const { return environment_.get(); }
    MDB_dbi rules() const { return rules_; }
    MDB_dbi ids() const { return ids_; }
    MDB_dbi edits() const { return edits_; }
    MDB_dbi changes() const { return changes_; }
    /// LMDB's unnamed table, where the state record is.
    MDB_dbi unnamed() const { return unnamed_; }

    const FileIdentity& data() const { return data_; }
    const FileIdentity& lock() const { return lock_; }
    /// lock.mdb is still the file that was opened.
    bool lock_is_same() const;

    /// Processes in LMDB's table of readers, dead ones cleared; this one is among them.
    std::vector<pid_t> readers() const;

    /// Decodes the state record. Errors: failed (damage, or another version's store).
    Result<void> read_record(std::string_view octets, StoreRecord& record) const;

    /// LMDB's or guarded()'s number as an error of this store.
    Failure explain(int number) const;
    /// Damage that LMDB did not see.
    Failure damaged(std::string_view what) const;

private:
    explicit StoreEnvironment(const StorePaths& paths) : paths_(paths) {}
    Result<void> open_files(StoreAccess access);
    Failure explain_format() const;
    int open_tables(unsigned transaction_flags);

    StorePaths paths_;
    FileIdentity data_;
    FileIdentity lock_;
    bool registered_ = false;
    lmdb::Environment environment_;
    MDB_dbi rules_ = 0;
    MDB_dbi ids_ = 0;
    MDB_dbi edits_ = 0;
    MDB_dbi changes_ = 0;
    MDB_dbi unnamed_ = 0;
};

}  // namespace smtpblock
