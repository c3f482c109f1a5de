// How a store comes to be: directories, files, owners and modes, all made before LMDB opens
// anything (see store.h). Idempotent; what exists is checked, never replaced.
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
};

struct InitReport {
    bool created = false;            ///< false: all was there already
    std::string group;               ///< the group that can read the rules
    std::vector<std::string> notes;  ///< what the administrator should know, a sentence each
};

/// Makes what is missing and syncs it. Errors: not_permitted, failed (with the path and errno).
Result<InitReport> init_store(const StorePaths& paths, const InitOptions& options);

}  // namespace smtpblock
