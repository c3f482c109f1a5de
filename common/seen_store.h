// ROOT/seen, an LMDB environment beside the rules, in which the daemons of a store count what its
// rules catch. It is theirs: it may be deleted at any time, and is begun anew when it is damaged.
// It is opened for each call alone. Root must not open what another user can write, since LMDB
// trusts its files: whoever reads as root takes that user's identity first (cli/seen.h).
#pragma once

#include <optional>

#include "common/result.h"
#include "common/seen_record.h"
#include "common/store_paths.h"

namespace smtpblock {

/// Adds to what is there, and is synced. Waits for nobody: false while another daemon adds, to be
/// tried again. Errors: not_permitted (ROOT/seen is another user's), failed.
Result<bool> add_seen(const StorePaths& paths, const SeenRecords& records);

/// Nothing when none was counted. Errors: not_permitted, failed.
Result<std::optional<SeenRecord>> find_seen(const StorePaths& paths, RuleId id);

}  // namespace smtpblock
