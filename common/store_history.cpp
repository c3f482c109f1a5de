#include "common/store_history.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "common/store_tables.h"

namespace smtpblock {
namespace {

constexpr std::size_t changes_a_snapshot = 4096;

class HistoryWalk {
public:
    HistoryWalk(StoreSnapshot& snapshot, const HistoryQuery& query, HistoryVisitor& visitor)
        : snapshot_(snapshot), query_(query), visitor_(visitor) {}

    Result<void> run() {
        std::uint64_t left = query_.limit.value_or(std::numeric_limits<std::uint64_t>::max());
        std::uint64_t below = std::numeric_limits<std::uint64_t>::max();
        while (left > 0) {
            auto record = edit_before(below);
            if (!record) return std::move(record).failure();
            if (!*record) return {};
            below = (*record)->revision;
            if (query_.rules && concerned(**record).empty()) continue;
            --left;
            if (auto told = tell(**record); !told) return told;
        }
        return {};
    }

private:
    /// The last edit of a revision below that one.
    Result<std::optional<EditRecord>> edit_before(std::uint64_t revision) {
        if (auto begun = snapshot_.begin(); !begun) return std::move(begun).failure();
        const EndOfSnapshot end(snapshot_);
        const StoreEnvironment& store = snapshot_.store();
        lmdb::TableCursor edits(snapshot_.transaction(), store.edits());
        int number = edits.seek(NumberKey(revision).view());
        number = number == MDB_NOTFOUND  ? edits.last()
                 : number == MDB_SUCCESS ? edits.previous()
                                         : number;
        if (number == MDB_NOTFOUND) return std::optional<EditRecord>{};
        if (number != MDB_SUCCESS) return store.explain(number);
        auto record = decode_edit(NumberKey::number_of(edits.key()), edits.value());
        if (!record) return store.damaged("an edit's checksum in the history is wrong");
        return record;
    }

    std::vector<RuleId> concerned(const EditRecord& record) const {
        std::vector<RuleId> ids;
        for (const RuleId rule : *query_.rules)
            if (concerns(record, rule)) ids.push_back(rule);
        return ids;
    }

    static bool concerns(const EditRecord& record, RuleId rule) {
        if (rule >= record.first_new && rule < record.next_new) return true;
        for (const IdRun& run : record.touched)
            if (rule >= run.first && rule <= run.last) return true;
        return false;
    }

    Result<void> tell(const EditRecord& record) {
        if (!visitor_.edit(record)) return {};
        bool wanted = true;
        if (query_.rules) {
            for (const RuleId id : concerned(record))
                if (auto told = tell_run(record, {id, id}, wanted); !told) return told;
            return {};
        }
        for (const IdRun& run : record.touched)
            if (auto told = tell_run(record, run, wanted); !told || !wanted) return told;
        if (record.first_new == record.next_new) return {};
        return tell_run(record, {record.first_new, record.next_new - 1}, wanted);
    }

    Result<void> tell_run(const EditRecord& record, const IdRun& run, bool& wanted) {
        std::vector<RuleChange> batch;
        for (RuleId id = run.first; wanted && id <= run.last;) {
            if (auto read = read_changes(record, run.last, id, batch); !read) return read;
            for (const RuleChange& change : batch)
                if (wanted) wanted = visitor_.change(record, change);
        }
        return {};
    }

    /// Of the next IDs, from `id` on, which is moved behind them.
    Result<void> read_changes(const EditRecord& record, RuleId last, RuleId& id,
                              std::vector<RuleChange>& batch) {
        batch.clear();
        if (auto begun = snapshot_.begin(); !begun) return begun;
        const EndOfSnapshot end(snapshot_);
        lmdb::TableCursor changes(snapshot_.transaction(), snapshot_.store().changes());
        for (std::size_t steps = 0; steps < changes_a_snapshot && id <= last; ++steps, ++id) {
            RuleChange change;
            change.id = id;
            const bool is_new = id >= record.first_new && id < record.next_new;
            if (!is_new) {
                bool there = false;
                if (auto read = read_before(changes, id, record.revision, there, change.before);
                    !read)
                    return read;
                if (!there) continue;  // trimmed meanwhile
            }
            if (auto read = read_after(changes, id, record.revision, change.after); !read)
                return read;
            if (change.before || change.after) batch.push_back(std::move(change));
        }
        return {};
    }

    /// What is kept of that ID from exactly that revision; `there` says whether anything is.
    Result<void> read_before(lmdb::TableCursor& changes, RuleId id, std::uint64_t revision,
                             bool& there, std::optional<Rule>& before) {
        const ChangeKey key(id, revision);
        const int number = changes.seek(key.view());
        if (number != MDB_SUCCESS && number != MDB_NOTFOUND)
            return snapshot_.store().explain(number);
        there = number == MDB_SUCCESS && changes.key() == key.view();
        return there ? decode(changes.value(), id, before) : Result<void>{};
    }

    /// What came after an edit is what was before the next one, or the rule as it stands.
    Result<void> read_after(lmdb::TableCursor& changes, RuleId id, std::uint64_t revision,
                            std::optional<Rule>& after) {
        const int number = changes.seek(ChangeKey(id, revision + 1).view());
        if (number != MDB_SUCCESS && number != MDB_NOTFOUND)
            return snapshot_.store().explain(number);
        if (number == MDB_SUCCESS && changes.key().starts_with(NumberKey(id).view()))
            return decode(changes.value(), id, after);
        auto rule = rule_of(snapshot_.store(), snapshot_.transaction(), id);
        if (!rule) return std::move(rule).failure();
        after = std::move(*rule);
        return {};
    }

    Result<void> decode(std::string_view octets, RuleId id, std::optional<Rule>& rule) {
        if (decode_before(octets, id, rule)) return {};
        return snapshot_.store().damaged("a rule's checksum in the history is wrong");
    }

    StoreSnapshot& snapshot_;
    const HistoryQuery& query_;
    HistoryVisitor& visitor_;
};

}  // namespace

Result<std::vector<RuleId>> rules_once_of(StoreSnapshot& snapshot, const Pattern& pattern) {
    std::vector<RuleId> ids;
    std::string last;
    for (bool more = true; more;) {
        if (auto begun = snapshot.begin(); !begun) return std::move(begun).failure();
        const EndOfSnapshot end(snapshot);
        if (last.empty()) {
            auto rule = rule_of(snapshot.store(), snapshot.transaction(), pattern);
            if (!rule) return std::move(rule).failure();
            if (*rule) ids.push_back((*rule)->id);
        }
        lmdb::TableCursor changes(snapshot.transaction(), snapshot.store().changes());
        int number = changes.seek(last);
        std::optional<Rule> before;
        std::size_t steps = 0;
        for (; number == MDB_SUCCESS && steps < changes_a_snapshot;
             ++steps, number = changes.next()) {
            last = changes.key() + '\0';  // the first key behind it
            const RuleId id = NumberKey::number_of(std::string_view(last).substr(0, 8));
            if (!decode_before(changes.value(), id, before))
                return snapshot.store().damaged("a rule's checksum in the history is wrong");
            if (before && before->pattern == pattern) ids.push_back(id);
        }
        if (number != MDB_SUCCESS && number != MDB_NOTFOUND)
            return snapshot.store().explain(number);
        more = number == MDB_SUCCESS;
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
}

Result<void> walk_history(StoreSnapshot& snapshot, const HistoryQuery& query,
                          HistoryVisitor& visitor) {
    return HistoryWalk(snapshot, query, visitor).run();
}

}  // namespace smtpblock
