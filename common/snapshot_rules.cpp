#include "common/snapshot_rules.h"

#include <utility>

#include "common/lmdb.h"
#include "common/rule_codec.h"
#include "common/store.h"
#include "common/store_fault.h"

namespace smtpblock {
Result<void> SnapshotRules::sync() {
    number_ = MDB_SUCCESS;
    unsound_ = false;
    const StoreRecord& record = snapshot_.record();
    const Version version{snapshot_.opening(), mdb_txn_id(snapshot_.transaction())};
    if (version != absent_from_) absent_.clear();
    absent_from_ = version;

    if (globs_opening_ == version.opening && globs_revision_ == record.glob_revision) return {};
    globs_opening_ = 0;
    for (const auto& [kind, index] : {std::pair{PatternKind::email_glob, &email_globs_},
                                      std::pair{PatternKind::ehlo_glob, &ehlo_globs_}}) {
        auto read = read_globs(kind, *index);
        index->sweep();
        if (!read) return read;
    }
    globs_opening_ = version.opening;
    globs_revision_ = record.glob_revision;
    return {};
}

Result<void> SnapshotRules::read_globs(PatternKind kind, GlobIndex& index) {
    const StoreEnvironment& store = snapshot_.store();
    const char head = static_cast<char>(kind);
    lmdb::TableCursor rules(snapshot_.transaction(), store.rules());
    std::uint64_t globs = 0;
    int number = rules.seek({&head, 1});
    for (; number == MDB_SUCCESS && rules.key().starts_with(head); number = rules.next()) {
        const auto rule = decode_rule(rules.key(), rules.value());
        if (!rule) return store.damaged("a rule's checksum is wrong");
        index.see(rule->pattern.subject());
        ++globs;
    }
    if (number != MDB_SUCCESS && number != MDB_NOTFOUND) return store.explain(number);
    if (globs != snapshot_.record().count(kind))
        return store.damaged("the number of globs is not what its state record says");
    return {};
}

Lookup SnapshotRules::find(std::string_view key, RuleFacts& facts) const {
    if (absent_.contains(key)) return Lookup::absent;
    bool sound = false;
    const int number = guarded([&] {
        MDB_val wanted = lmdb::value_of(key);
        MDB_val found{};
        const int rc = mdb_get(snapshot_.transaction(), snapshot_.store().rules(), &wanted, &found);
        if (rc == MDB_SUCCESS)
            sound = found.mv_size <= store_value_octets &&
                    decode_facts(key, lmdb::view_of(found), facts);
        return rc;
    });
    if (number == MDB_NOTFOUND) {
        absent_.insert(key);
        return Lookup::absent;
    }
    if (number == MDB_SUCCESS && sound) return Lookup::found;
    number_ = number;
    unsound_ = number == MDB_SUCCESS;
    return Lookup::trouble;
}

bool SnapshotRules::has(PatternKind kind) const {
    return snapshot_.record().count(kind) != 0;
}

bool SnapshotRules::has(PatternKind kind, std::uint8_t detail) const {
    return snapshot_.record().detail(kind, detail) != 0;
}

const GlobIndex& SnapshotRules::globs(RuleType type) const {
    return type == RuleType::email ? email_globs_ : ehlo_globs_;
}

Failure SnapshotRules::why() const {
    if (number_ != MDB_SUCCESS) return snapshot_.store().explain(number_);
    return snapshot_.store().damaged(unsound_ ? "a rule's checksum is wrong"
                                              : "a glob is not where it was");
}

}  // namespace smtpblock
