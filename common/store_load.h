// Many rules into a store at once: all of them or none, in one edit. The rules are read and sorted
// by their keys before the store is locked; then they are merged with the rules that are there,
// which writes each page once and leaves it full. Memory is bounded whatever is read (see
// external_sort.h; LMDB itself keeps at most 512 MB of changed pages). IDs follow the lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/edit_record.h"
#include "common/external_sort.h"
#include "common/lmdb.h"
#include "common/ranked_bits.h"
#include "common/result.h"
#include "common/rule.h"
#include "common/rule_feed.h"
#include "common/store_writer.h"

namespace smtpblock {

/// What becomes of a rule whose pattern is in the store already.
enum class OnExisting : std::uint8_t {
    refuse,   ///< nothing is loaded; a pattern that comes twice is refused as well
    keep,     ///< the one that is there, or came first, stays as it is
    replace,  ///< it gets the new settings and keeps its ID; of two the last one counts
};

struct LoadOptions {
    EditVerb verb = EditVerb::import;
    OnExisting on_existing = OnExisting::refuse;
    bool prune = false;      ///< removes the rules that did not come; what has run out is none
    bool may_empty = false;  ///< else pruning by no rules at all is refused
    /// Two lines of one pattern that say different things are refused.
    bool refuse_contradictions = false;
    bool dry_run = false;  ///< finds out what would be done, and does nothing
};

struct LoadReport {
    std::uint64_t added = 0;
    std::uint64_t changed = 0;
    std::uint64_t unchanged = 0;
    std::uint64_t removed = 0;
};

enum class LoadResult : std::uint8_t { added, changed, unchanged, removed };

class LoadObserver {
public:
    virtual ~LoadObserver() = default;
    /// Called each few thousand rules; `all` is 0 while it is not known.
    virtual void progress(std::uint64_t done, std::uint64_t all) = 0;
    /// A rule that cannot be loaded; nothing will be. Each is told of; the load then fails as
    /// already_exists, with the message of the first.
    virtual void in_the_way(std::uint64_t line, const std::string& message) = 0;
    /// False: difference() is not called.
    virtual bool wants_difference() const = 0;
    /// What is done to one rule, in the order of the keys; removals come last.
    virtual void difference(LoadResult result, const Rule* before, const Rule* after) = 0;
};

class StoreTransaction;

/// One load under way; StoreWriter::load() is the way to it.
class StoreLoad {
public:
    /// Both must outlive this object.
    StoreLoad(const LoadOptions& options, LoadObserver& observer);

    Result<void> read(RuleFeed& feed);
    Result<void> write(StoreTransaction& edit);
    const LoadReport& report() const { return report_; }

private:
    struct Entry;
    class Entries;

    Result<void> sort_out(StoreTransaction& edit);
    Result<void> put(StoreTransaction& edit);
    Result<void> put_new(StoreTransaction& edit, MDB_cursor* rules, const Entry& entry);
    Result<void> merge(StoreTransaction& edit, const Entry& entry, const Rule& there);
    Result<void> put_ids(StoreTransaction& edit);
    Result<void> prune(StoreTransaction& edit);
    Result<std::optional<Rule>> there(StoreTransaction& edit, const Entry& entry) const;
    void refuse(std::uint64_t line, Error error);
    void tick();

    const LoadOptions& options_;
    LoadObserver& observer_;
    ExternalSort rules_;
    LoadReport report_;
    RankedBits new_;  ///< by the order of the lines: it gets an ID
    bool store_was_empty_ = false;
    RuleId first_id_ = 0;
    std::string value_;  ///< of the rule that is put, kept for its memory
    std::uint64_t steps_ = 0;
    std::uint64_t all_steps_ = 0;
    std::optional<Error> refused_;
};

}  // namespace smtpblock
