#include "common/store_snapshot.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "common/store.h"
#include "common/store_fault.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr auto failed = ErrorCode::failed;

/// How often a snapshot is begun anew while the head of the file runs ahead of the lock table.
constexpr int most_tries = 16;

/// Other threads may open the store anew as well, and it may be exchanged again.
constexpr int most_openings = 3;

}  // namespace

StoreSnapshot::StoreSnapshot(std::shared_ptr<SharedStore> store)
    : data_path_(store->paths().rules_data()), seat_(std::move(store)) {}

StoreSnapshot::~StoreSnapshot() {
    end();
}

Result<void> StoreSnapshot::begin() {
    end();
    for (int tries = 1;; ++tries) {
        const auto opened = seat_.enter();
        if (!opened) return fail(opened.error().code, "{}", opened.error().message);
        forget_other_opening();
        auto begun = begin_once();
        if (begun) return begun;
        close();
        if (*opened || tries == most_openings) return begun;
    }
}

void StoreSnapshot::forget_other_opening() {
    if (std::exchange(opening_, seat_.opening()) == seat_.opening()) return;
    raw_octets_ = 0;
    longest_ = 0;
}

void StoreSnapshot::end() {
    if (begun_)
        guarded([&] {
            mdb_txn_reset(transaction());
            return MDB_SUCCESS;
        });
    begun_ = false;
    seat_.leave();
}

void StoreSnapshot::close() {
    end();
    seat_.close();
}

Result<void> StoreSnapshot::begin_once() {
    if (auto head = check_head(); !head) return head;
    if (auto file = check_file(); !file) return file;
    return read_record();
}

/// A map that has become too small (MDB_MAP_RESIZED) is an error like others: it is as large as the
/// file when the store is opened anew.
int StoreSnapshot::renew() {
    if (begun_)
        guarded([&] {
            mdb_txn_reset(transaction());
            return MDB_SUCCESS;
        });
    const int number = guarded([&] { return mdb_txn_renew(transaction()); });
    begun_ = number == MDB_SUCCESS;
    return number;
}

/// A snapshot is of the transaction that the lock table names; the file's head names the last
/// one. They differ for a moment in each commit, by one. Else one of the two was exchanged.
Result<void> StoreSnapshot::check_head() {
    for (int tries = 0; tries < most_tries; ++tries) {
        int number = renew();
        if (number != MDB_SUCCESS) return store().explain(number);
        MDB_envinfo info{};
        number = guarded([&] { return mdb_env_info(store().get(), &info); });
        if (number != MDB_SUCCESS) return store().explain(number);
        last_page_ = info.me_last_pgno;
        const std::size_t ours = mdb_txn_id(transaction());
        if (ours == info.me_last_txnid) return {};
        if (ours + 1 == info.me_last_txnid && store().lock_is_same()) return {};
    }
    return fail(failed,
                "{}: it was exchanged while processes had it open; end them all, then try again",
                quoted(data_path_));
}

Result<void> StoreSnapshot::check_file() {
    struct stat info {};
    if (::stat(data_path_.c_str(), &info) != 0) return path_failure(data_path_, errno);
    if (FileIdentity{info.st_dev, info.st_ino} != store().data())
        return fail(failed, "{}: another file took its place", quoted(data_path_));
    // The last pages may never have been written. But half a page reads as if the rest were zero.
    const auto octets = static_cast<std::size_t>(info.st_size);
    const bool ragged =
        octets % seat_.page_octets() != 0 && octets / seat_.page_octets() <= last_page_;
    if (info.st_size < longest_ || ragged) return store().damaged("it was cut");
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
        const int rc = mdb_get(transaction(), store().unnamed(), &key, &found);
        if (rc != MDB_SUCCESS) return rc;
        const std::string_view value = lmdb::view_of(found);
        same = value == std::string_view(raw_record_.data(), raw_octets_);
        octets = value.size();
        if (!same && octets <= raw_record_.size())
            std::memcpy(raw_record_.data(), value.data(), octets);
        return mdb_stat(transaction(), store().rules(), &rules);
    });
    if (!same) raw_octets_ = 0;  // until it is known to be sound
    if (number != MDB_SUCCESS) return store().explain(number);
    if (!same) {
        if (octets > raw_record_.size()) return store().damaged("its state record is wrong");
        if (auto read = store().read_record({raw_record_.data(), octets}, record_); !read)
            return read;
        raw_octets_ = octets;
    }
    if (rules.ms_entries != record_.rules())
        return store().damaged("the number of rules is not what its state record says");
    return {};
}

}  // namespace smtpblock
