#include "common/lmdb.h"

#include <cstring>

#include "common/store.h"
#include "common/store_fault.h"

namespace smtpblock::lmdb {

// A close or an end that meets a cut file leaves behind what it held: there is nothing to give it
// back to.

void CloseEnvironment::operator()(MDB_env* environment) const {
    guarded([&] {
        mdb_env_close(environment);
        return MDB_SUCCESS;
    });
}

void AbortTransaction::operator()(MDB_txn* transaction) const {
    guarded([&] {
        mdb_txn_abort(transaction);
        return MDB_SUCCESS;
    });
}

void CloseCursor::operator()(MDB_cursor* cursor) const {
    mdb_cursor_close(cursor);
}

MDB_val value_of(std::string_view octets) {
    return {octets.size(), const_cast<char*>(octets.data())};
}

int begin(MDB_env* environment, unsigned flags, Transaction& transaction) {
    MDB_txn* begun = nullptr;
    const int number = guarded([&] { return mdb_txn_begin(environment, nullptr, flags, &begun); });
    if (number == MDB_SUCCESS) transaction.reset(begun);
    return number;
}

int commit(Transaction& transaction) {
    MDB_txn* const ended = transaction.release();  // committed or not, it is gone after the call
    return guarded([&] { return mdb_txn_commit(ended); });
}

int get(MDB_txn* transaction, MDB_dbi table, std::string_view key, std::string& value) {
    MDB_val wanted = value_of(key);
    MDB_val found{};
    const int number = guarded([&] { return mdb_get(transaction, table, &wanted, &found); });
    if (number != MDB_SUCCESS) return number;
    if (found.mv_size > store_value_octets) return MDB_CORRUPTED;
    value.resize(found.mv_size);
    return guarded([&] {
        std::memcpy(value.data(), found.mv_data, found.mv_size);
        return MDB_SUCCESS;
    });
}

int put(MDB_txn* transaction, MDB_dbi table, std::string_view key, std::string_view value,
        unsigned flags) {
    MDB_val at = value_of(key);
    MDB_val what = value_of(value);
    return guarded([&] { return mdb_put(transaction, table, &at, &what, flags); });
}

int erase(MDB_txn* transaction, MDB_dbi table, std::string_view key) {
    MDB_val at = value_of(key);
    return guarded([&] { return mdb_del(transaction, table, &at, nullptr); });
}

}  // namespace smtpblock::lmdb
