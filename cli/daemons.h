// The running daemons of a store: those readers of it that are smtpblockd.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "cli/terminal.h"
#include "common/daemon_record.h"
#include "common/store_paths.h"
#include "common/store_reader.h"
#include "common/store_writer.h"

namespace smtpblock {

std::vector<pid_t> daemons_of(StoreReader& reader);

/// What it says of itself; nothing when it says nothing, or nothing that we may read. Root reads
/// what is not root's alone in a child that has become its owner.
std::optional<DaemonRecord> record_of(const StorePaths& store, pid_t daemon);

/// Says on standard error which daemons an edit reaches, or that they are paused.
void tell_where_in_force(const StoreReach& reach, Time now, Terminal& terminal);

/// The same of the last edit of a store. Opens it, so that nothing else of this process may have it
/// open.
void tell_where_in_force(const StorePaths& store, Time now, Terminal& terminal);

/// The end of a command that loads rules: where they are in force, or that it was a dry run.
void tell_effect(bool dry_run, const StorePaths& store, Time now, Terminal& terminal);

}  // namespace smtpblock
