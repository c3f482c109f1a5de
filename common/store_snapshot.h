// One thread's snapshot of a store, begun anew for each question. Here is found out whether the
// store is still the one that was opened, and sound (see store.h); when it is not, it is opened
// anew, once, and then not believed.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include "common/lmdb.h"
#include "common/result.h"
#include "common/shared_store.h"
#include "common/store_environment.h"
#include "common/store_paths.h"
#include "common/store_record.h"

namespace smtpblock {

class StoreSnapshot {
public:
    explicit StoreSnapshot(std::shared_ptr<SharedStore> store);
    /// Of a store that nobody else here reads.
    explicit StoreSnapshot(const StorePaths& paths)
        : StoreSnapshot(std::make_shared<SharedStore>(paths)) {}
    ~StoreSnapshot();
    StoreSnapshot(const StoreSnapshot&) = delete;
    StoreSnapshot& operator=(const StoreSnapshot&) = delete;

    /// Begins a snapshot of the store as it is now, opening it when it is not open. Allocates
    /// nothing and takes no lock while all is well. After a failure nothing is open, and the next
    /// call tries again.
    Result<void> begin();
    /// Gives the snapshot back; the slot in the table of readers stays.
    void end();
    /// Ends and closes for all threads, so that the next begin() opens the store anew.
    void close();

    /// While a snapshot is begun only.
    const StoreEnvironment& store() const { return seat_.store(); }
    MDB_txn* transaction() const { return seat_.transaction(); }
    const StoreRecord& record() const { return record_; }
    /// Which opening of the store it is of: what was learnt from another may be of another file.
    std::uint64_t opening() const { return opening_; }
    /// The length of data.mdb.
    std::uint64_t octets() const { return static_cast<std::uint64_t>(longest_); }

private:
    void forget_other_opening();
    Result<void> begin_once();
    int renew();
    Result<void> check_head();
    Result<void> check_file();
    Result<void> read_record();

    const std::string data_path_;
    StoreSeat seat_;
    bool begun_ = false;
    std::uint64_t opening_ = 0;
    std::size_t last_page_ = 0;
    off_t longest_ = 0;  ///< what data.mdb was seen to be: LMDB never shortens it
    StoreRecord record_;
    std::array<char, record_octets> raw_record_{};  ///< what `record_` was decoded from
    std::size_t raw_octets_ = 0;
};

/// Ends a snapshot, whatever way its user leaves.
class EndOfSnapshot {
public:
    explicit EndOfSnapshot(StoreSnapshot& snapshot) : snapshot_(snapshot) {}
    ~EndOfSnapshot() { snapshot_.end(); }
    EndOfSnapshot(const EndOfSnapshot&) = delete;
    EndOfSnapshot& operator=(const EndOfSnapshot&) = delete;

private:
    StoreSnapshot& snapshot_;
};

}  // namespace smtpblock
