// How a store comes to be: directories, files, owners and modes, all made before LMDB opens
// anything (see store.h). Idempotent; what exists is never replaced.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "common/store_paths.h"

namespace smtpblock {

struct InitOptions {
    /// The group that daemons run in; empty: `smtpblock` where that group exists, else the
    /// caller's own.
    std::string group;
    /// The group whose members may edit the rules; empty: the owner alone. They must be in `group`
    /// as well, to get at them.
    std::string admin_group{};
};

struct InitReport {
    bool created = false;            ///< false: all was there already
    std::string group;               ///< the group that can read the rules
    std::string admin_group;         ///< the group that can edit them; empty: none
    std::vector<std::string> notes;  ///< what the administrator should know, a sentence each
};

/// Makes what is missing and syncs it; gives what is there the groups that are named, and the modes
/// that it should have. Errors: not_permitted, failed (with the path and errno).
Result<InitReport> init_store(const StorePaths& paths, const InitOptions& options);

}  // namespace smtpblock
