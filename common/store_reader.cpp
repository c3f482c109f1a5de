#include "common/store_reader.h"

#include <unistd.h>

#include <utility>

#include "common/rule_codec.h"
#include "common/store.h"
#include "common/store_fault.h"
#include "common/store_snapshot.h"
#include "common/store_tables.h"

namespace smtpblock {
namespace {

/// The rules of one snapshot, as decide() asks for them.
class SnapshotRules final : public RuleSource {
public:
    explicit SnapshotRules(const StoreSnapshot& snapshot) : snapshot_(snapshot) {}

    Lookup find(std::string_view key, RuleFacts& facts) const override {
        bool sound = false;
        const int number = guarded([&] {
            MDB_val wanted = lmdb::value_of(key);
            MDB_val found{};
            const int rc =
                mdb_get(snapshot_.transaction(), snapshot_.store().rules(), &wanted, &found);
            if (rc == MDB_SUCCESS)
                sound = found.mv_size <= store_value_octets &&
                        decode_facts(key, lmdb::view_of(found), facts);
            return rc;
        });
        if (number == MDB_NOTFOUND) return Lookup::absent;
        if (number == MDB_SUCCESS && sound) return Lookup::found;
        number_ = number;
        return Lookup::trouble;
    }

    bool has(PatternKind kind) const override { return snapshot_.record().count(kind) != 0; }

    /// Why find() answered `trouble`.
    Failure why() const {
        return number_ == MDB_SUCCESS ? snapshot_.store().damaged("a rule's checksum is wrong")
                                      : snapshot_.store().explain(number_);
    }

private:
    const StoreSnapshot& snapshot_;
    mutable int number_ = MDB_SUCCESS;
};

/// The next entry of a table, or the first; `key` and `value` are copies.
int step(MDB_cursor* cursor, std::string& key, std::string& value) {
    MDB_val at{};
    MDB_val found{};
    const int number = guarded([&] { return mdb_cursor_get(cursor, &at, &found, MDB_NEXT); });
    if (number != MDB_SUCCESS) return number;
    if (at.mv_size > key_octets || found.mv_size > key_octets) return MDB_CORRUPTED;
    key.resize(at.mv_size);
    value.resize(found.mv_size);
    return guarded([&] {
        lmdb::view_of(at).copy(key.data(), key.size());
        lmdb::view_of(found).copy(value.data(), value.size());
        return MDB_SUCCESS;
    });
}

}  // namespace

struct StoreReader::Open {
    explicit Open(const StorePaths& paths) : snapshot(paths) {}

    StoreSnapshot snapshot;
    std::string trouble;
};

StoreReader::StoreReader(std::unique_ptr<Open> open) : open_(std::move(open)) {}
StoreReader::~StoreReader() = default;

Result<std::unique_ptr<StoreReader>> StoreReader::open(const StorePaths& paths) {
    auto made = std::make_unique<Open>(paths);
    if (auto begun = made->snapshot.begin(); !begun) return std::move(begun).failure();
    made->snapshot.end();
    return std::unique_ptr<StoreReader>(new StoreReader(std::move(made)));
}

Decision StoreReader::decide(const Query& query) {
    StoreSnapshot& snapshot = open_->snapshot;
    if (auto begun = snapshot.begin(); !begun) {
        open_->trouble = begun.error().message;
        Decision decision;
        decision.verdict = Verdict::trouble;
        return decision;
    }
    const SnapshotRules rules(snapshot);
    const Decision decision = smtpblock::decide(query, rules);
    if (decision.verdict == Verdict::trouble) {
        open_->trouble = rules.why().take().message;
        snapshot.close();
    }
    snapshot.end();
    return decision;
}

const std::string& StoreReader::trouble() const {
    return open_->trouble;
}

Result<StoreState> StoreReader::state() {
    StoreSnapshot& snapshot = open_->snapshot;
    if (auto begun = snapshot.begin(); !begun) return std::move(begun).failure();
    const EndOfSnapshot end(snapshot);
    const StoreRecord& record = snapshot.record();
    StoreState state;
    state.uuid = record.uuid_text();
    state.revision = record.revision;
    state.rules = record.rules();
    state.email_rules = record.rules(RuleType::email);
    state.ehlo_rules = record.rules(RuleType::ehlo);
    if (record.revision != 0) state.last_edit = record.last_edit;
    state.bytes = snapshot.octets();
    return state;
}

Result<std::optional<Rule>> StoreReader::find(RuleId id) {
    StoreSnapshot& snapshot = open_->snapshot;
    if (auto begun = snapshot.begin(); !begun) return std::move(begun).failure();
    const EndOfSnapshot end(snapshot);
    return rule_of(snapshot.store(), snapshot.transaction(), id);
}

Result<std::optional<Rule>> StoreReader::find(const Pattern& pattern) {
    StoreSnapshot& snapshot = open_->snapshot;
    if (auto begun = snapshot.begin(); !begun) return std::move(begun).failure();
    const EndOfSnapshot end(snapshot);
    return rule_of(snapshot.store(), snapshot.transaction(), pattern);
}

Result<void> StoreReader::each(const std::function<bool(const Rule&)>& visit) {
    StoreSnapshot& snapshot = open_->snapshot;
    if (auto begun = snapshot.begin(); !begun) return std::move(begun).failure();
    const EndOfSnapshot end(snapshot);
    const StoreEnvironment& store = snapshot.store();

    MDB_cursor* made = nullptr;
    int number =
        guarded([&] { return mdb_cursor_open(snapshot.transaction(), store.ids(), &made); });
    if (number != MDB_SUCCESS) return store.explain(number);
    const lmdb::Cursor cursor(made);

    std::uint64_t rules = 0;
    std::uint64_t checksum = 0;
    std::string id;
    std::string key;
    std::string value;
    while ((number = step(cursor.get(), id, key)) == MDB_SUCCESS) {
        number = lmdb::get(snapshot.transaction(), store.rules(), key, value);
        if (number == MDB_NOTFOUND) return store.damaged("an ID leads to no rule");
        if (number != MDB_SUCCESS) break;
        const auto rule = decode_rule(key, value);
        if (!rule || IdKey(rule->id).view() != id)
            return store.damaged("a rule's checksum is wrong");
        ++rules;
        checksum += rule_checksum(value);
        if (!visit(*rule)) return {};
    }
    if (number != MDB_NOTFOUND) return store.explain(number);
    if (rules != snapshot.record().rules() || checksum != snapshot.record().checksum)
        return store.damaged("the sum of its rules is not what its state record says");
    return {};
}

std::vector<pid_t> StoreReader::readers() {
    StoreSnapshot& snapshot = open_->snapshot;
    if (auto begun = snapshot.begin(); !begun) return {};
    const EndOfSnapshot end(snapshot);
    std::vector<pid_t> processes = snapshot.store().readers();
    std::erase(processes, ::getpid());
    return processes;
}

}  // namespace smtpblock
