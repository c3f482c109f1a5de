// One write transaction of a store: what every kind of edit is made of. Each step changes the
// tables, the counters and the history together. A step that fails half way leaves the transaction
// broken(): it must then be thrown away, whatever else is said.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/edit_record.h"
#include "common/lmdb.h"
#include "common/result.h"
#include "common/rule.h"
#include "common/store_environment.h"
#include "common/store_record.h"
#include "common/store_writer.h"

namespace smtpblock {

class StoreTransaction final : public Edit {
public:
    /// `transaction` is begun, `record` its state record; all must outlive this object. Keeps the
    /// last `history` edits.
    StoreTransaction(const StoreEnvironment& store, MDB_txn* transaction, const Editor& editor,
                     const StoreRecord& record, std::uint64_t history);

    Result<Rule> add(const NewRule& rule) override;
    Result<Rule> change(Rule rule) override;
    Result<void> remove(RuleId id) override;
    Result<std::optional<Rule>> find(RuleId id) override;
    Result<std::optional<Rule>> find(const Pattern& pattern) override;
    void pause(std::optional<Time> until) override;

    /// Puts a rule in as it is, under its own ID; neither that nor its pattern may be in use.
    Result<void> put_back(const Rule& rule);
    /// Puts the value of a new rule, whose pattern is known to be free, under its key; `at_end`:
    /// no key is above it. The table of IDs is left to put_id().
    Result<void> put_rule(MDB_cursor* rules, std::string_view key, std::string_view subject,
                          std::string_view value, bool at_end);
    /// The IDs of put_rule(), from next_id() on and in ascending order.
    Result<void> put_id(MDB_cursor* ids, RuleId id, std::string_view key);
    Result<void> erase(const Rule& rule);
    /// Changes a rule that stays under its pattern and ID.
    Result<Rule> replace(const Rule& before, Rule after);

    RuleId next_id() const { return record_.next_id; }
    /// IDs below that one were given already, somewhere.
    void raise_next_id(RuleId id);

    const StoreEnvironment& store() const { return store_; }
    MDB_txn* transaction() const { return transaction_; }
    const StoreRecord& record() const { return record_; }
    const Editor& editor() const { return editor_; }

    /// Writes the edit's record and the state, and trims the history: the last step before the
    /// commit.
    Result<void> finish(EditVerb verb);

    /// An edit of its own even when no rule changes.
    void count_as_edit() { changed_ = true; }
    bool changed() const { return changed_; }
    /// LMDB's number of the step that failed, or MDB_SUCCESS.
    int broken() const { return broken_; }

private:
    Result<void> make_room(const Pattern& pattern, RuleId own);
    Result<void> put(const Rule& rule, unsigned id_flags);
    Result<void> keep_before(RuleId id, std::string_view rule_key, std::string_view rule_value);
    Result<void> trim();
    void count_in(PatternKind kind, std::string_view subject, std::string_view value);
    void note_glob(PatternKind kind);
    std::uint64_t revision() const { return before_.revision + 1; }
    Result<void> step(int number);

    const StoreEnvironment& store_;
    MDB_txn* transaction_;
    const Editor& editor_;
    const StoreRecord before_;
    StoreRecord record_;
    std::uint64_t history_;
    std::vector<RuleId> touched_;
    bool changed_ = false;
    int broken_ = MDB_SUCCESS;
};

}  // namespace smtpblock
