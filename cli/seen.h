// What the daemons have seen of a rule, for a command that may be run by root: the files are
// another user's, and LMDB trusts its files. Root reads what is not root's alone in a child that
// has become its owner, and believes no more of it than what decode_seen() takes.
#pragma once

#include <optional>

#include "common/result.h"
#include "common/seen_record.h"
#include "common/store_paths.h"

namespace smtpblock {

/// Nothing when none was counted. No store may be open in this process. Errors: not_permitted,
/// failed.
Result<std::optional<SeenRecord>> seen_of(const StorePaths& paths, RuleId id);

}  // namespace smtpblock
