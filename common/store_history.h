// What was edited: the edits that the store keeps, newest first, each with what it changed. Read in
// bounded memory, with a snapshot of its own for each few thousand changes; an edit that is trimmed
// meanwhile is left out.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/edit_record.h"
#include "common/result.h"
#include "common/rule.h"
#include "common/store_snapshot.h"

namespace smtpblock {

/// What an edit did to one rule: one of the two may be missing, not both.
struct RuleChange {
    RuleId id = 0;
    std::optional<Rule> before;
    std::optional<Rule> after;
};

struct HistoryQuery {
    std::optional<std::uint64_t> limit;        ///< edits at most
    std::optional<std::vector<RuleId>> rules;  ///< edits of these rules alone, ascending
};

class HistoryVisitor {
public:
    virtual ~HistoryVisitor() = default;
    /// Begins an edit. False: its changes are not wanted.
    virtual bool edit(const EditRecord& record) = 0;
    /// By ascending ID. False: the rest of this edit's changes is not wanted.
    virtual bool change(const EditRecord& record, const RuleChange& change) = 0;
};

/// The rules that have that pattern or had it before an edit that is kept, by ascending ID. Errors:
/// failed (damage).
Result<std::vector<RuleId>> rules_once_of(StoreSnapshot& snapshot, const Pattern& pattern);

/// Errors: failed (damage).
Result<void> walk_history(StoreSnapshot& snapshot, const HistoryQuery& query,
                          HistoryVisitor& visitor);

}  // namespace smtpblock
