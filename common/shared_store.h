// A store open for reading, once for all threads of the process. Each thread has a seat, with a
// read transaction and so a slot in LMDB's table of its own. While all is well a seat is taken and
// left without a lock. Two environments on one lock.mdb must not be open side by side (store.h):
// whoever finds the store exchanged or damaged closes it for all threads, once no seat is taken,
// and the next one opens it anew.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "common/lmdb.h"
#include "common/result.h"
#include "common/store_environment.h"
#include "common/store_paths.h"

namespace smtpblock {

class StoreSeat;

class SharedStore {
public:
    explicit SharedStore(StorePaths paths) : paths_(std::move(paths)) {}
    ~SharedStore() = default;
    SharedStore(const SharedStore&) = delete;
    SharedStore& operator=(const SharedStore&) = delete;

    const StorePaths& paths() const { return paths_; }

private:
    friend class StoreSeat;

    // With mutex_ held.
    Result<void> open();
    Result<void> check_registered() const;
    void close();

    const StorePaths paths_;
    std::mutex mutex_;
    std::vector<StoreSeat*> seats_;
    std::unique_ptr<StoreEnvironment> environment_;
    std::size_t page_octets_ = 1;
    std::uint64_t openings_ = 0;
    /// Which of the openings environment_ is; 0 while it is, or is about to be, closed.
    std::atomic<std::uint64_t> opening_{0};
};

class StoreSeat {
public:
    explicit StoreSeat(std::shared_ptr<SharedStore> store);
    ~StoreSeat();
    StoreSeat(const StoreSeat&) = delete;
    StoreSeat& operator=(const StoreSeat&) = delete;

    /// Takes the seat: the store stays open until leave(). True when it was opened by this call.
    /// Errors as those of StoreEnvironment::open().
    Result<bool> enter();
    void leave() { taken_.store(false, std::memory_order_release); }
    /// Leaves, and closes for all threads what was entered last, unless another one has by now.
    void close();

    // While the seat is taken only.
    const StoreEnvironment& store() const { return *store_->environment_; }
    /// Begun and reset: to be renewed.
    MDB_txn* transaction() const { return transaction_.get(); }
    std::size_t page_octets() const { return store_->page_octets_; }
    /// Counts openings, from 1.
    std::uint64_t opening() const { return opening_; }

private:
    friend class SharedStore;

    std::shared_ptr<SharedStore> store_;
    std::atomic<bool> taken_{false};
    std::uint64_t opening_ = 0;      ///< that transaction_ is of
    lmdb::Transaction transaction_;  ///< ended by whoever closes the store
};

}  // namespace smtpblock
