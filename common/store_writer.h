// Editing the rules: one edit, one transaction, one sync. What edit() returned as done survives a
// power cut; what it did not is as if it had never been tried. The CLI alone writes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/edit_record.h"
#include "common/result.h"
#include "common/rule.h"
#include "common/store.h"
#include "common/store_paths.h"

namespace smtpblock {

/// A rule that has no ID yet.
struct NewRule {
    Pattern pattern;
    Direction direction = Direction::both;
    Action action = Action::reject;
    std::string description;
    std::optional<Time> expires;
};

/// One transaction under way; given to the function that edit() calls, and gone after it.
class Edit {
public:
    virtual ~Edit() = default;
    /// Gives the rule a new ID. An expired rule of that pattern is replaced; one in force is
    /// already_exists, and the message names it.
    virtual Result<Rule> add(const NewRule& rule) = 0;
    /// Stores `rule` under its ID, which must exist; its pattern may be another one than before.
    virtual Result<Rule> change(Rule rule) = 0;
    /// Errors: not_found.
    virtual Result<void> remove(RuleId id) = 0;
    virtual Result<std::optional<Rule>> find(RuleId id) = 0;
    virtual Result<std::optional<Rule>> find(const Pattern& pattern) = 0;
    /// Until then daemons let everything pass; nothing: they enforce.
    virtual void pause(std::optional<Time> until) = 0;
};

/// Errors: bad_input, naming the pattern.
Result<void> check_length(const Pattern& pattern, const std::string& description);

/// Says which rule has `pattern` already. Errors: already_exists; failed when the two patterns are
/// only taken for one another (see RuleKey).
Failure in_the_way(const Pattern& pattern, const Rule& taken);

class StoreTransaction;
struct LoadOptions;
struct LoadReport;
class LoadObserver;
class RuleFeed;

/// Whom an edit reaches.
struct StoreReach {
    std::vector<pid_t> readers;  ///< processes that have the store open, this one left out
    std::optional<Time> paused_until;
};

class StoreWriter {
public:
    /// Opens an existing store for writing and clears the slots of dead readers. The last
    /// `history` edits are kept. Errors: no_store, not_permitted ("use sudo, or --store DIR"),
    /// failed.
    static Result<std::unique_ptr<StoreWriter>> open(const StorePaths& paths,
                                                     std::uint64_t history = history_kept);
    ~StoreWriter();
    StoreWriter(const StoreWriter&) = delete;
    StoreWriter& operator=(const StoreWriter&) = delete;

    /// Runs `work` in a write transaction (twice, when a deletion finds the store full); commits,
    /// synced, when it succeeds and changed something, and leaves the store as it was when it
    /// fails. Waits at most 10 s for another writer; past that the process says so on standard
    /// error and ends with status 1.
    Result<void> edit(const Editor& editor, EditVerb verb,
                      const std::function<Result<void>(Edit&)>& work);

    /// Many rules at once, in one edit (store_load.h).
    Result<LoadReport> load(const Editor& editor, RuleFeed& feed, const LoadOptions& options,
                            LoadObserver& observer);

    /// Reverts the last `edits` edits, newest first, in one edit; the rules have their old IDs
    /// again. Errors: not_found when the history does not reach back so far.
    Result<void> undo(const Editor& editor, std::uint64_t edits);

    /// Makes the rules equal to those of a backup, in one edit, with their IDs. Errors: failed
    /// (`file` is no backup, or damaged), not_permitted.
    Result<void> restore(const Editor& editor, const std::string& file);

    /// The revision that the last call made; 0 when it changed nothing.
    std::uint64_t revision() const;
    /// Whom the last call reached.
    StoreReach reach() const;

private:
    struct Open;
    explicit StoreWriter(std::unique_ptr<Open> open);
    Result<void> transact(const Editor& editor, EditVerb verb,
                          const std::function<Result<void>(StoreTransaction&)>& work);
    Result<void> try_transact(const Editor& editor, EditVerb verb,
                              const std::function<Result<void>(StoreTransaction&)>& work);
    std::unique_ptr<Open> open_;
};

}  // namespace smtpblock
