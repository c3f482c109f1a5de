#include "common/shared_store.h"

#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "common/store_fault.h"
#include "common/text.h"

namespace smtpblock {

Result<void> SharedStore::open() {
    auto opened = StoreEnvironment::open(paths_, StoreAccess::read);
    if (!opened) return std::move(opened).failure();
    environment_ = *std::move(opened);
    MDB_stat sizes{};
    guarded([&] { return mdb_env_stat(environment_->get(), &sizes); });
    page_octets_ = std::max(1U, sizes.ms_psize);
    opening_ = ++openings_;
    return {};
}

/// To be asked once there is a transaction.
Result<void> SharedStore::check_registered() const {
    const auto readers = environment_->readers();
    if (std::find(readers.begin(), readers.end(), ::getpid()) != readers.end()) return {};
    return fail(ErrorCode::failed,
                "{}: the store would be read without locks: this process is not in its table "
                "of readers; is it on a read-only mount? add ReadWritePaths={}",
                quoted(paths_.rules_lock()), paths_.root());
}

/// A seat says that it is taken and then looks whether the store is open; here it is the other way
/// round, so that one of the two sees the other. Nobody who has a seat waits for anything.
void SharedStore::close() {
    opening_ = 0;
    for (StoreSeat* const seat : seats_) {
        while (seat->taken_) std::this_thread::yield();
        seat->transaction_.reset();
    }
    environment_.reset();
}

StoreSeat::StoreSeat(std::shared_ptr<SharedStore> store) : store_(std::move(store)) {
    const std::lock_guard hold(store_->mutex_);
    store_->seats_.push_back(this);
}

StoreSeat::~StoreSeat() {
    const std::lock_guard hold(store_->mutex_);
    std::erase(store_->seats_, this);
    transaction_.reset();
}

Result<bool> StoreSeat::enter() {
    taken_ = true;
    if (opening_ != 0 && store_->opening_ == opening_) return false;
    leave();

    const std::lock_guard hold(store_->mutex_);
    const bool closed = store_->opening_ == 0;
    if (closed) {
        if (auto opened = store_->open(); !opened) return std::move(opened).failure();
    }
    const StoreEnvironment& environment = *store_->environment_;
    opening_ = 0;
    Result<void> registered;
    const int number = lmdb::begin(environment.get(), MDB_RDONLY, transaction_);
    if (number != MDB_SUCCESS)
        registered = environment.explain(number);
    else if (closed)
        registered = store_->check_registered();
    if (!registered) {
        transaction_.reset();
        if (closed) store_->close();
        return std::move(registered).failure();
    }
    guarded([&] {
        mdb_txn_reset(transaction_.get());
        return MDB_SUCCESS;
    });
    opening_ = store_->opening_;
    taken_ = true;
    return closed;
}

void StoreSeat::close() {
    leave();
    const std::lock_guard hold(store_->mutex_);
    if (opening_ != 0 && store_->opening_ == opening_) store_->close();
}

}  // namespace smtpblock
