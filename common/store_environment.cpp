#include "common/store_environment.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>

#include "common/store.h"
#include "common/store_fault.h"
#include "common/store_record.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr auto failed = ErrorCode::failed;
constexpr unsigned named_tables = 8;
constexpr std::uint32_t lmdb_magic = 0xBEEFC0DE;  // MDB_MAGIC: the first octets of lock.mdb

/// The stores that a process has open; a forked child has none of its parent's.
struct Opened {
    pid_t process;
    FileIdentity lock;
    friend bool operator==(const Opened&, const Opened&) = default;
};
std::mutex opened_mutex;
std::vector<Opened> opened;

bool register_open(const FileIdentity& lock) {
    const std::lock_guard hold(opened_mutex);
    const Opened entry{::getpid(), lock};
    if (std::find(opened.begin(), opened.end(), entry) != opened.end()) return false;
    opened.push_back(entry);
    return true;
}

void unregister(const FileIdentity& lock) {
    const std::lock_guard hold(opened_mutex);
    std::erase(opened, Opened{::getpid(), lock});
}

/// SMTPBLOCK_MAP_SIZE makes a store that is soon full, for tests.
std::size_t map_octets() {
    const char* const wanted = std::getenv("SMTPBLOCK_MAP_SIZE");
    std::size_t octets = store_map_octets;
    if (wanted != nullptr) std::from_chars(wanted, wanted + std::strlen(wanted), octets);
    return octets;
}

void on_assertion(MDB_env*, const char*) {
    on_store_assertion();
}

bool identify(const std::string& path, FileIdentity& identity) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return false;
    identity = {info.st_dev, info.st_ino};
    return true;
}

/// Only while no environment is open: the descriptor's end drops LMDB's locks on the file.
bool has_lock_table(const std::string& path) {
    std::uint32_t magic = 0;
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(&magic), sizeof magic);
    return file && magic == lmdb_magic;
}

}  // namespace

int prepare(lmdb::Environment& environment) {
    install_store_guard();
    MDB_env* made = nullptr;
    if (const int number = mdb_env_create(&made); number != MDB_SUCCESS) return number;
    environment.reset(made);
    mdb_env_set_assert(made, on_assertion);
    if (const int number = mdb_env_set_maxdbs(made, named_tables); number != MDB_SUCCESS)
        return number;
    if (const int number = mdb_env_set_maxreaders(made, store_readers); number != MDB_SUCCESS)
        return number;
    return mdb_env_set_mapsize(made, map_octets());
}

std::string meaning_of(int number) {
    switch (number) {
        case page_is_gone:
            return "damaged: pages are missing; bring it back from a backup";
        case page_is_nonsense:
        case MDB_CORRUPTED:
        case MDB_PAGE_NOTFOUND:
        case MDB_INVALID:
        case MDB_PANIC:
        case MDB_BAD_TXN:
            return "damaged; bring it back from a backup";
        case MDB_NOTFOUND:
        case MDB_INCOMPATIBLE:
            return "not a store of smtpblock; name another with --store DIR";
        case MDB_VERSION_MISMATCH:
            return "written by another version of LMDB; use that version";
        case MDB_MAP_FULL:
            return "the store is full; delete rules that are no longer needed";
        case MDB_READERS_FULL:
            return fmt::format("{} readers have it open, which is the most; end some",
                               store_readers);
        case EAGAIN:
            return "a process of the same number, in another container, has it open; "
                   "give each container a store, or let them share process numbers";
        case ENOMEM:
            return fmt::format("cannot map {} GiB of address space; raise 'ulimit -v' (LimitAS=)",
                               store_map_octets >> 30U);
        case ENOSPC:
        case EDQUOT:
            return "the disk is full; make room";
        case EIO:
            return "input/output error; the disk is full, or it fails";
        default:
            return mdb_strerror(number);
    }
}

StoreEnvironment::~StoreEnvironment() {
    environment_.reset();
    if (registered_) unregister(lock_);
}

Result<std::unique_ptr<StoreEnvironment>> StoreEnvironment::open(const StorePaths& paths,
                                                                 StoreAccess access) {
    if (auto place = check_place(paths, access); !place) return std::move(place).failure();
    if (auto parts = check_parts(paths, access); !parts) return std::move(parts).failure();
    std::unique_ptr<StoreEnvironment> store(new StoreEnvironment(paths));
    if (auto files = store->open_files(access); !files) return std::move(files).failure();
    return store;
}

Result<void> StoreEnvironment::open_files(StoreAccess access) {
    // Before LMDB opens: a file that is exchanged in between is then noticed as replaced.
    if (!identify(paths_.rules_data(), data_) || !identify(paths_.rules_lock(), lock_))
        return path_failure(paths_.rules(), errno);
    registered_ = register_open(lock_);
    if (!registered_)
        return fail(failed, "{}: this process has the store open already", quoted(paths_.root()));
    if (const int number = prepare(environment_); number != MDB_SUCCESS) return explain(number);

    const unsigned flags = access == StoreAccess::read ? MDB_RDONLY : 0U;
    const std::string directory = paths_.rules();
    int number = guarded([&] {
        return mdb_env_open(get(), directory.c_str(), flags | MDB_NOTLS, S_IRUSR | S_IWUSR);
    });
    // Of a lock table that somebody has written over, LMDB says the same as of damaged rules.
    if (number == MDB_INVALID && !has_lock_table(paths_.rules_lock()))
        return fail(failed,
                    "{}: not a table of LMDB's locks any more; stop each smtpblockd on this store, "
                    "and the next command makes it anew",
                    quoted(paths_.rules_lock()));
    if (number == MDB_SUCCESS) number = open_tables(MDB_RDONLY);
    if (number == MDB_NOTFOUND) return explain_format();
    if (number != MDB_SUCCESS) return explain(number);
    return {};
}

/// Why a table is missing: another version's store may have others.
Failure StoreEnvironment::explain_format() const {
    lmdb::Transaction transaction;
    MDB_dbi unnamed = 0;
    std::string raw;
    int number = lmdb::begin(get(), MDB_RDONLY, transaction);
    if (number == MDB_SUCCESS)
        number = guarded([&] { return mdb_dbi_open(transaction.get(), nullptr, 0, &unnamed); });
    if (number == MDB_SUCCESS) number = lmdb::get(transaction.get(), unnamed, state_key, raw);
    if (number != MDB_SUCCESS) return explain(MDB_NOTFOUND);
    StoreRecord record;
    if (auto read = read_record(raw, record); !read) return std::move(read).failure();
    return damaged("a table is missing");
}

int StoreEnvironment::open_tables(unsigned transaction_flags) {
    const bool make = transaction_flags != MDB_RDONLY;
    const unsigned create = make ? MDB_CREATE : 0U;
    lmdb::Transaction transaction;
    int number = lmdb::begin(get(), transaction_flags, transaction);
    if (number != MDB_SUCCESS) return number;
    MDB_txn* const begun = transaction.get();
    number = guarded([&] {
        if (const int rc = mdb_dbi_open(begun, nullptr, 0, &unnamed_); rc != MDB_SUCCESS) return rc;
        for (const auto& [name, table] : {std::pair{rules_table, &rules_},
                                          {ids_table, &ids_},
                                          {edits_table, &edits_},
                                          {changes_table, &changes_}})
            if (const int rc = mdb_dbi_open(begun, name, create, table); rc != MDB_SUCCESS)
                return rc;
        return MDB_SUCCESS;
    });
    if (number == MDB_SUCCESS && make)
        number = lmdb::put(begun, unnamed_, state_key, encode_record(new_record()), 0);
    if (number != MDB_SUCCESS) return number;
    return lmdb::commit(transaction);
}

Result<void> StoreEnvironment::make(const std::string& directory) {
    StoreEnvironment made{StorePaths(directory)};
    int number = prepare(made.environment_);
    if (number == MDB_SUCCESS)
        number = mdb_env_open(made.get(), directory.c_str(), MDB_NOTLS, S_IRUSR | S_IWUSR);
    if (number == MDB_SUCCESS) number = made.open_tables(0);
    if (number != MDB_SUCCESS) return fail(failed, "{}: {}", quoted(directory), meaning_of(number));
    return {};
}

bool StoreEnvironment::lock_is_same() const {
    FileIdentity now;
    return identify(paths_.rules_lock(), now) && now == lock_;
}

std::vector<pid_t> StoreEnvironment::readers() const {
    std::vector<pid_t> processes;
    // Each line of the list is "process thread transaction"; its first line is a heading.
    const auto add = [](const char* line, void* context) {
        auto& list = *static_cast<std::vector<pid_t>*>(context);
        const char* const end = line + std::strlen(line);
        pid_t process = 0;
        if (std::from_chars(std::find_if(line, end, is_digit), end, process).ec == std::errc{} &&
            std::find(list.begin(), list.end(), process) == list.end())
            list.push_back(process);
        return 0;
    };
    int dead = 0;
    mdb_reader_check(get(), &dead);
    mdb_reader_list(get(), add, &processes);
    return processes;
}

Result<void> StoreEnvironment::read_record(std::string_view octets, StoreRecord& record) const {
    switch (decode_record(octets, record)) {
        case RecordVerdict::good:
            return {};
        case RecordVerdict::newer:
            return fail(failed, "{}: made by a newer smtpblock; upgrade this one",
                        quoted(paths_.root()));
        case RecordVerdict::older:
            return fail(failed,
                        "{}: made by a smtpblock from before the first release; move it away, "
                        "then 'smtpblock init'",
                        quoted(paths_.root()));
        case RecordVerdict::damaged:
            break;
    }
    return damaged("its state record is wrong");
}

Failure StoreEnvironment::explain(int number) const {
    if (number == EACCES || number == EPERM) return path_failure(paths_.rules_data(), number);
    return fail(failed, "{}: {}", quoted(paths_.rules_data()), meaning_of(number));
}

Failure StoreEnvironment::damaged(std::string_view what) const {
    return fail(failed, "{}: damaged: {}; bring it back from a backup", quoted(paths_.rules_data()),
                what);
}

}  // namespace smtpblock
