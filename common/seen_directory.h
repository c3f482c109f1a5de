// ROOT/seen as the daemons that write there open it.
#pragma once

#include "common/descriptor.h"
#include "common/result.h"
#include "common/store_paths.h"

namespace smtpblock {

/// It is ours, or our group's to write, as `init --group` makes it where there is no user
/// smtpblock; for root, who would follow what others may put there, it is root's alone. Errors:
/// not_permitted, failed.
Result<Descriptor> open_seen(const StorePaths& paths);

}  // namespace smtpblock
