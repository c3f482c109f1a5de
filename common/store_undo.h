// Reverting the last edits by what the history says was before them.
#pragma once

#include <cstdint>

#include "common/result.h"
#include "common/store_transaction.h"

namespace smtpblock {

/// Brings the rules and the pause back to what they were before the last `edits` edits. Errors:
/// not_found when the history does not reach back so far; failed (damage).
Result<void> undo_edits(StoreTransaction& edit, std::uint64_t edits);

}  // namespace smtpblock
