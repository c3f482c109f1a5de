// Editing the rules: one edit, one transaction, one sync. What edit() returned as done survives a
// power cut; what it did not is as if it had never been tried. The CLI alone writes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/result.h"
#include "common/rule.h"
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

/// Who edits, and when: kept in each rule that the edit touches.
struct Editor {
    std::string name;  ///< login name; `root (alice)` under sudo
    Time now;
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
};

class StoreWriter {
public:
    /// Opens an existing store for writing and clears the slots of dead readers. Errors: no_store,
    /// not_permitted ("use sudo, or --store DIR"), failed.
    static Result<std::unique_ptr<StoreWriter>> open(const StorePaths& paths);
    ~StoreWriter();
    StoreWriter(const StoreWriter&) = delete;
    StoreWriter& operator=(const StoreWriter&) = delete;

    /// Runs `work` in a write transaction; commits, synced, when it succeeds and changed
    /// something, and leaves the store as it was when it fails. Waits at most 10 s for another
    /// writer; past that the process says so on standard error and ends with status 1.
    Result<void> edit(const Editor& editor, const std::function<Result<void>(Edit&)>& work);

private:
    struct Open;
    explicit StoreWriter(std::unique_ptr<Open> open);
    std::unique_ptr<Open> open_;
};

}  // namespace smtpblock
