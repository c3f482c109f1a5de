#include "common/store_writer.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/interruption.h"
#include "common/store.h"
#include "common/store_backup.h"
#include "common/store_environment.h"
#include "common/store_fault.h"
#include "common/store_load.h"
#include "common/store_record.h"
#include "common/store_transaction.h"
#include "common/store_undo.h"
#include "common/text.h"
#include "common/write_deadline.h"

namespace smtpblock {
namespace {

constexpr auto failed = ErrorCode::failed;
constexpr std::size_t reserve_octets = std::size_t{16} << 20U;

}  // namespace

struct StoreWriter::Open {
    Failure nothing_changed(int number) const {
        Error error = store->explain(number).take();
        error.message += "; nothing was changed";
        return Failure(std::move(error));
    }

    Result<StoreRecord> read_record(MDB_txn* transaction) const;

    StorePaths paths;
    std::unique_ptr<StoreEnvironment> store;
    std::uint64_t history = history_kept;
    std::uint64_t revision = 0;
    std::optional<Time> paused_until{};
    bool is_full = false;  ///< the last transaction failed because of that
};

Result<StoreRecord> StoreWriter::Open::read_record(MDB_txn* transaction) const {
    MDB_envinfo info{};
    int number = guarded([&] { return mdb_env_info(store->get(), &info); });
    if (number != MDB_SUCCESS) return store->explain(number);
    // Under the write lock the lock table and the head of the file agree (see store_snapshot.cpp).
    if (mdb_txn_id(transaction) != info.me_last_txnid + 1)
        return fail(failed,
                    "{}: it was exchanged while processes had it open; end them all (smtpblockd), "
                    "then try again",
                    quoted(paths.rules_data()));
    std::string raw;
    number = lmdb::get(transaction, store->unnamed(), state_key, raw);
    if (number != MDB_SUCCESS) return store->explain(number);
    StoreRecord record;
    if (auto read = store->read_record(raw, record); !read) return std::move(read).failure();
    return record;
}

StoreWriter::StoreWriter(std::unique_ptr<Open> open) : open_(std::move(open)) {}
StoreWriter::~StoreWriter() = default;

Result<std::unique_ptr<StoreWriter>> StoreWriter::open(const StorePaths& paths,
                                                       std::uint64_t history) {
    const WriteDeadline deadline(paths.root());
    auto opened = StoreEnvironment::open(paths, StoreAccess::write);
    if (!opened) return std::move(opened).failure();
    int dead = 0;
    mdb_reader_check((*opened)->get(), &dead);
    return std::unique_ptr<StoreWriter>(
        new StoreWriter(std::make_unique<Open>(Open{paths, *std::move(opened), history})));
}

std::uint64_t StoreWriter::revision() const {
    return open_->revision;
}

StoreReach StoreWriter::reach() const {
    std::vector<pid_t> readers = open_->store->readers();
    std::erase(readers, ::getpid());
    return {std::move(readers), open_->paused_until};
}

Result<void> StoreWriter::edit(const Editor& editor, EditVerb verb,
                               const std::function<Result<void>(Edit&)>& work) {
    return transact(editor, verb, [&](StoreTransaction& edit) { return work(edit); });
}

Result<void> StoreWriter::undo(const Editor& editor, std::uint64_t edits) {
    return transact(editor, EditVerb::undo,
                    [&](StoreTransaction& edit) { return undo_edits(edit, edits); });
}

Result<LoadReport> StoreWriter::load(const Editor& editor, RuleFeed& feed,
                                     const LoadOptions& options, LoadObserver& observer) {
    StoreLoad load(options, observer);
    if (auto read = load.read(feed); !read) return std::move(read).failure();
    auto done =
        transact(editor, options.verb, [&](StoreTransaction& edit) { return load.write(edit); });
    if (!done) return std::move(done).failure();
    return load.report();
}

Result<void> StoreWriter::restore(const Editor& editor, const std::string& file) {
    auto backup = Backup::open(file);
    if (!backup) return std::move(backup).failure();
    return transact(editor, EditVerb::restore,
                    [&](StoreTransaction& edit) { return restore_rules(edit, **backup); });
}

/// A full store can be made smaller: LMDB needs free pages to delete as well, so a deletion that
/// finds none gets some that nothing else does.
Result<void> StoreWriter::transact(const Editor& editor, EditVerb verb,
                                   const std::function<Result<void>(StoreTransaction&)>& work) {
    open_->is_full = false;
    auto done = try_transact(editor, verb, work);
    if (!open_->is_full || verb != EditVerb::remove) return done;
    MDB_envinfo info{};
    MDB_env* const environment = open_->store->get();
    int number = guarded([&] { return mdb_env_info(environment, &info); });
    if (number == MDB_SUCCESS)
        number = guarded(
            [&] { return mdb_env_set_mapsize(environment, info.me_mapsize + reserve_octets); });
    return number == MDB_SUCCESS ? try_transact(editor, verb, work) : std::move(done);
}

Result<void> StoreWriter::try_transact(const Editor& editor, EditVerb verb,
                                       const std::function<Result<void>(StoreTransaction&)>& work) {
    const StoreEnvironment& store = *open_->store;
    open_->revision = 0;
    lmdb::Transaction transaction;
    {
        const WriteDeadline deadline(open_->paths.root());
        const int number = lmdb::begin(store.get(), 0, transaction);
        if (number != MDB_SUCCESS) return open_->nothing_changed(number);
    }
    auto record = open_->read_record(transaction.get());
    if (!record) return std::move(record).failure();

    open_->paused_until = record->paused_until;
    StoreTransaction edit(store, transaction.get(), editor, *record, open_->history);
    auto done = work(edit);
    if (done && edit.changed()) done = edit.finish(verb);
    open_->is_full = edit.broken() == MDB_MAP_FULL;
    if (edit.broken() != MDB_SUCCESS) return open_->nothing_changed(edit.broken());
    if (!done || !edit.changed()) return done;
    const InterruptionsWait wait;  // nobody could tell whether a commit that was cut off is done
    const int number = lmdb::commit(transaction);
    if (number == MDB_SUCCESS) edit_was_made();
    open_->is_full = number == MDB_MAP_FULL;
    if (number != MDB_SUCCESS) return open_->nothing_changed(number);
    open_->revision = edit.record().revision;
    open_->paused_until = edit.record().paused_until;
    return {};
}

}  // namespace smtpblock
