// A backup: a consistent, compacted copy of a store's data.mdb in one file, and the way back from
// it. LMDB trusts its files, so a backup that somebody else could have written is not opened.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/lmdb.h"
#include "common/result.h"
#include "common/rule.h"
#include "common/store_environment.h"
#include "common/store_record.h"
#include "common/store_transaction.h"

namespace smtpblock {

class Backup {
public:
    /// Errors: failed (no such file, no backup, damaged), not_permitted.
    static Result<std::unique_ptr<Backup>> open(const std::string& file);

    const StoreRecord& record() const { return record_; }
    MDB_txn* transaction() const { return transaction_.get(); }
    MDB_dbi rules() const { return rules_; }
    MDB_dbi ids() const { return ids_; }
    /// LMDB's number, or damage, as an error of this file.
    Failure explain(int number) const;
    Failure damaged(std::string_view what) const;

private:
    explicit Backup(std::string file) : file_(std::move(file)) {}
    Result<void> open_tables();

    std::string file_;
    lmdb::Environment environment_;
    lmdb::Transaction transaction_;
    StoreRecord record_;
    MDB_dbi rules_ = 0;
    MDB_dbi ids_ = 0;
};

/// Makes the rules equal to those of the backup, with their IDs.
Result<void> restore_rules(StoreTransaction& edit, const Backup& backup);

/// Writes a backup of a snapshot of `store`; the file appears under its name when it is whole and
/// synced, in place of one that was there. Errors: not_permitted, failed.
Result<void> write_backup(const StoreEnvironment& store, const std::string& file);

}  // namespace smtpblock
