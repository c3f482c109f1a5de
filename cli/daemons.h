// The running daemons of a store: those readers of it that are smtpblockd.
#pragma once

#include <sys/types.h>

#include <vector>

#include "cli/terminal.h"
#include "common/store_paths.h"
#include "common/store_reader.h"

namespace smtpblock {

std::vector<pid_t> daemons_of(StoreReader& reader);

/// Says on standard error which daemons an edit of the store reaches, or that it is paused. Opens
/// the store, so that nothing else of this process may have it open.
void tell_where_in_force(const StorePaths& store, Time now, Terminal& terminal);

}  // namespace smtpblock
