// ROOT/seen, an LMDB environment beside the rules, in which the daemons of a store count what its
// rules catch. It is theirs: it may be deleted at any time, and is begun anew when it is damaged or
// full.
//
//   seen/            0750 smtpblock:G, or 0770 root:G where there is no such user (store_files.h)
//     data.mdb       0640, the daemon's, of group G
//     lock.mdb       0660, so that administrators in G can read
//
// It is opened for each call alone. Root must not open what another user can write, since LMDB
// trusts its files: whoever reads as root takes that user's identity first (cli/seen.h).
#pragma once

#include <cstddef>
#include <optional>

#include "common/result.h"
#include "common/seen_record.h"
#include "common/store_paths.h"

namespace smtpblock {

struct SeenLimits {
    std::size_t map_octets = std::size_t{1} << 30U;
    std::size_t rules = 100'000;  ///< a page or two each; of more, the oldest rules are forgotten
};

/// Adds to what is there, and is synced. Waits for nobody: false while another daemon adds, to be
/// tried again. Errors: not_permitted (ROOT/seen is another user's, and not our group's to write),
/// failed.
Result<bool> add_seen(const StorePaths& paths, const SeenRecords& records,
                      const SeenLimits& limits = {});

/// Nothing when none was counted. Errors: not_permitted, failed.
Result<std::optional<SeenRecord>> find_seen(const StorePaths& paths, RuleId id);

}  // namespace smtpblock
