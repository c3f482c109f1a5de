// The store where there is none yet: add and import make it.
#pragma once

#include "cli/terminal.h"
#include "common/result.h"
#include "common/store_paths.h"

namespace smtpblock {

/// Makes it as `init` without options does, and says so.
Result<void> make_store(const StorePaths& store, Terminal& terminal);

}  // namespace smtpblock
