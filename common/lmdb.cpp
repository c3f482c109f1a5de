#include "common/lmdb.h"

#include <cstring>

#include "common/store.h"
#include "common/store_fault.h"

namespace smtpblock::lmdb {
namespace {

constexpr std::size_t longest_key_octets = 511;  // MDB_MAXKEYSIZE of the Debian package

}  // namespace

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

int get(MDB_txn* transaction, MDB_dbi table, std::string_view key, std::string& value,
        std::size_t most_octets) {
    MDB_val wanted = value_of(key);
    MDB_val found{};
    const int number = guarded([&] { return mdb_get(transaction, table, &wanted, &found); });
    if (number != MDB_SUCCESS) return number;
    if (found.mv_size > most_octets) return MDB_CORRUPTED;
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

TableCursor::TableCursor(MDB_txn* transaction, MDB_dbi table) {
    MDB_cursor* made = nullptr;
    opened_ = guarded([&] { return mdb_cursor_open(transaction, table, &made); });
    cursor_.reset(made);
}

int TableCursor::seek(std::string_view from) {
    return step(from.empty() ? MDB_FIRST : MDB_SET_RANGE, from);
}
int TableCursor::first() {
    return step(MDB_FIRST);
}
int TableCursor::next() {
    return step(MDB_NEXT);
}
int TableCursor::last() {
    return step(MDB_LAST);
}
int TableCursor::previous() {
    return step(MDB_PREV);
}

int TableCursor::step(MDB_cursor_op operation, std::string_view from) {
    if (opened_ != MDB_SUCCESS) return opened_;
    MDB_val at = value_of(from);
    MDB_val found{};
    const int number =
        guarded([&] { return mdb_cursor_get(cursor_.get(), &at, &found, operation); });
    if (number != MDB_SUCCESS) return number;
    if (at.mv_size > longest_key_octets || found.mv_size > store_record_octets)
        return MDB_CORRUPTED;
    key_.resize(at.mv_size);
    value_.resize(found.mv_size);
    return guarded([&] {
        view_of(at).copy(key_.data(), key_.size());
        view_of(found).copy(value_.data(), value_.size());
        return MDB_SUCCESS;
    });
}

}  // namespace smtpblock::lmdb
