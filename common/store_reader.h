// Reading the rules: by a daemon for each decision, by a command for its answer. Opens the
// environment read-only but with LMDB's locks, and refuses a store that it would read without them.
// A process opens a store once; each of its threads that read it has a reader of its own.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/matcher.h"
#include "common/result.h"
#include "common/rule.h"
#include "common/store_history.h"
#include "common/store_paths.h"
#include "common/store_verify.h"

namespace smtpblock {

/// What `status` shows of a store.
struct StoreState {
    std::string uuid;
    std::uint64_t revision = 0;  ///< one higher with each edit
    std::uint64_t rules = 0;
    std::uint64_t email_rules = 0;
    std::uint64_t ehlo_rules = 0;
    std::optional<Time> last_edit;
    std::optional<Time> paused_until;  ///< it may lie in the past
    std::uint64_t bytes = 0;           ///< of data.mdb
};

class StoreReader {
public:
    /// Errors: no_store (names `smtpblock init`), not_permitted, failed (read-only mount,
    /// unwritable lock.mdb, damage, a newer version's store: each with what to do).
    static Result<std::unique_ptr<StoreReader>> open(const StorePaths& paths);
    /// A reader of the same open store for another thread: none of them waits for another one while
    /// all is well.
    std::unique_ptr<StoreReader> for_another_thread() const;
    ~StoreReader();
    StoreReader(const StoreReader&) = delete;
    StoreReader& operator=(const StoreReader&) = delete;

    /// Decides on a snapshot begun after the call. Notices a store that was replaced, cut or
    /// damaged; then the verdict is `trouble`, and trouble() says why. Allocates nothing while all
    /// is well.
    Decision decide(const Query& query);
    /// Why the last decide() answered `trouble`.
    const std::string& trouble() const;

    Result<StoreState> state();
    /// Until when enforcing is paused; nothing when it is not. Allocates nothing while all is well.
    Result<std::optional<Time>> paused(Time now);
    Result<std::optional<Rule>> find(RuleId id);
    Result<std::optional<Rule>> find(const Pattern& pattern);
    /// Every rule by ascending ID, until `visit` answers false (store_walk.h).
    Result<void> each(const std::function<bool(const Rule&)>& visit);
    /// Those that have that pattern or had it, as far as the history goes, by ascending ID.
    Result<std::vector<RuleId>> rules_once_of(const Pattern& pattern);
    /// Patterns and IDs that begin with what was typed, at most so many (store_completion.h).
    Result<std::vector<Pattern>> patterns_beginning(std::string_view typed,
                                                    std::optional<RuleType> type, std::size_t most);
    Result<std::vector<RuleId>> ids_beginning(std::string_view digits, std::size_t most);
    /// What was edited, newest first (store_history.h).
    Result<void> history(const HistoryQuery& query, HistoryVisitor& visitor);
    /// Looks at everything in the store (store_verify.h).
    Result<VerifyReport> verify(const std::function<void(std::uint64_t done)>& progress);
    /// Writes a consistent copy, which `restore` takes (store_backup.h).
    Result<void> backup(const std::string& file);

    /// Processes that have the store open for reading, this one left out.
    std::vector<pid_t> readers();

private:
    struct Open;
    explicit StoreReader(std::unique_ptr<Open> open);
    std::unique_ptr<Open> open_;
};

}  // namespace smtpblock
