#include "common/store_snapshot.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "common/store.h"
#include "common/store_fault.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr auto failed = ErrorCode::failed;

/// How often a snapshot is begun anew while the head of the file runs ahead of the lock table.
constexpr int most_tries = 16;

}  // namespace

StoreSnapshot::StoreSnapshot(const StorePaths& paths)
    : paths_(paths), data_path_(paths.rules_data()) {}

StoreSnapshot::~StoreSnapshot() {
    close();
}

Result<void> StoreSnapshot::begin() {
    if (store_) {
        if (auto begun = begin_once()) return {};
        close();
    }
    auto begun = open();
    if (begun) begun = begin_once();
    if (!begun) close();
    return begun;
}

void StoreSnapshot::end() {
    if (begun_)
        guarded([&] {
            mdb_txn_reset(transaction_.get());
            return MDB_SUCCESS;
        });
    begun_ = false;
}

void StoreSnapshot::close() {
    end();
    transaction_.reset();
    store_.reset();
    raw_octets_ = 0;
    longest_ = 0;
}

Result<void> StoreSnapshot::open() {
    auto opened = StoreEnvironment::open(paths_, StoreAccess::read);
    if (!opened) return std::move(opened).failure();
    store_ = *std::move(opened);
    ++openings_;
    const int number = lmdb::begin(store_->get(), MDB_RDONLY, transaction_);
    if (number != MDB_SUCCESS) return store_->explain(number);
    begun_ = true;
    MDB_stat sizes{};
    guarded([&] { return mdb_env_stat(store_->get(), &sizes); });
    page_octets_ = std::max(1U, sizes.ms_psize);
    const auto readers = store_->readers();
    if (std::find(readers.begin(), readers.end(), ::getpid()) == readers.end())
        return fail(failed,
                    "{}: the store would be read without locks: this process is not in its table "
                    "of readers; is it on a read-only mount? add ReadWritePaths={}",
                    quoted(paths_.rules_lock()), paths_.root());
    return {};
}

Result<void> StoreSnapshot::begin_once() {
    if (auto head = check_head(); !head) return head;
    if (auto file = check_file(); !file) return file;
    return read_record();
}

int StoreSnapshot::renew() {
    end();
    const auto try_it = [&] { return mdb_txn_renew(transaction_.get()); };
    int number = guarded(try_it);
    if (number == MDB_MAP_RESIZED) {
        number = guarded([&] { return mdb_env_set_mapsize(store_->get(), 0); });
        if (number == MDB_SUCCESS) number = guarded(try_it);
    }
    begun_ = number == MDB_SUCCESS;
    return number;
}

/// A snapshot is of the transaction that the lock table names; the file's head names the last
/// one. They differ for a moment in each commit, by one. Else one of the two was exchanged.
Result<void> StoreSnapshot::check_head() {
    for (int tries = 0; tries < most_tries; ++tries) {
        int number = renew();
        if (number != MDB_SUCCESS) return store_->explain(number);
        MDB_envinfo info{};
        number = guarded([&] { return mdb_env_info(store_->get(), &info); });
        if (number != MDB_SUCCESS) return store_->explain(number);
        last_page_ = info.me_last_pgno;
        const std::size_t ours = mdb_txn_id(transaction_.get());
        if (ours == info.me_last_txnid) return {};
        if (ours + 1 == info.me_last_txnid && store_->lock_is_same()) return {};
    }
    return fail(failed,
                "{}: it was exchanged while processes had it open; end them all, then try again",
                quoted(data_path_));
}

Result<void> StoreSnapshot::check_file() {
    struct stat info {};
    if (::stat(data_path_.c_str(), &info) != 0) return path_failure(data_path_, errno);
    if (FileIdentity{info.st_dev, info.st_ino} != store_->data())
        return fail(failed, "{}: another file took its place", quoted(data_path_));
    // The last pages may never have been written. But half a page reads as if the rest were zero.
    const auto octets = static_cast<std::size_t>(info.st_size);
    const bool ragged = octets % page_octets_ != 0 && octets / page_octets_ <= last_page_;
    if (info.st_size < longest_ || ragged) return store_->damaged("it was cut");
    longest_ = info.st_size;
    return {};
}

Result<void> StoreSnapshot::read_record() {
    std::size_t octets = 0;
    bool same = false;
    MDB_stat rules{};
    const int number = guarded([&] {
        MDB_val key = lmdb::value_of(state_key);
        MDB_val found{};
        const int rc = mdb_get(transaction_.get(), store_->unnamed(), &key, &found);
        if (rc != MDB_SUCCESS) return rc;
        const std::string_view value = lmdb::view_of(found);
        same = value == std::string_view(raw_record_.data(), raw_octets_);
        octets = value.size();
        if (!same && octets <= raw_record_.size())
            std::memcpy(raw_record_.data(), value.data(), octets);
        return mdb_stat(transaction_.get(), store_->rules(), &rules);
    });
    if (!same) raw_octets_ = 0;  // until it is known to be sound
    if (number != MDB_SUCCESS) return store_->explain(number);
    if (!same) {
        if (octets > raw_record_.size()) return store_->damaged("its state record is wrong");
        if (auto read = store_->read_record({raw_record_.data(), octets}, record_); !read)
            return read;
        raw_octets_ = octets;
    }
    if (rules.ms_entries != record_.rules())
        return store_->damaged("the number of rules is not what its state record says");
    return {};
}

}  // namespace smtpblock
