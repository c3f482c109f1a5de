// LMDB with owners: what is opened is closed, what is begun is ended. The one file that includes
// <lmdb.h>. Errors stay LMDB's numbers, or a StoreFault (store_fault.h): every function here that
// touches the mapped file is guarded. Who knows what was tried makes a message of them.
#pragma once

#include <lmdb.h>

#include <memory>
#include <string>
#include <string_view>

#include "common/store.h"

namespace smtpblock::lmdb {

struct CloseEnvironment {
    void operator()(MDB_env* environment) const;
};
using Environment = std::unique_ptr<MDB_env, CloseEnvironment>;

/// Ends a transaction that was not committed.
struct AbortTransaction {
    void operator()(MDB_txn* transaction) const;
};
using Transaction = std::unique_ptr<MDB_txn, AbortTransaction>;

struct CloseCursor {
    void operator()(MDB_cursor* cursor) const;
};
using Cursor = std::unique_ptr<MDB_cursor, CloseCursor>;

/// LMDB takes no const data, and does not change what it is given as a key or a value.
MDB_val value_of(std::string_view octets);

/// In the map itself: valid until the transaction ends or writes, and only guarded.
inline std::string_view view_of(const MDB_val& value) {
    return {static_cast<const char*>(value.mv_data), value.mv_size};
}

int begin(MDB_env* environment, unsigned flags, Transaction& transaction);
int commit(Transaction& transaction);

/// Copies the value at `key`. MDB_NOTFOUND when there is none; MDB_CORRUPTED when it is longer
/// than `most_octets`.
int get(MDB_txn* transaction, MDB_dbi table, std::string_view key, std::string& value,
        std::size_t most_octets = store_value_octets);
int put(MDB_txn* transaction, MDB_dbi table, std::string_view key, std::string_view value,
        unsigned flags);
int erase(MDB_txn* transaction, MDB_dbi table, std::string_view key);

/// Walks a table in the order of its keys. Each step copies key and value, so that they outlive
/// writes to the table; after one, go on with seek().
class TableCursor {
public:
    TableCursor(MDB_txn* transaction, MDB_dbi table);

    /// Goes to the first entry whose key is not below `from`. MDB_NOTFOUND: there is none.
    int seek(std::string_view from);
    int first();
    int next();
    int last();
    int previous();

    const std::string& key() const { return key_; }
    const std::string& value() const { return value_; }

private:
    int step(MDB_cursor_op operation, std::string_view from = {});

    Cursor cursor_;
    int opened_;
    std::string key_;
    std::string value_;
};

}  // namespace smtpblock::lmdb
