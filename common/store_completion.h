// What a user who has typed the beginning of a pattern or an ID may mean. He waits for it with a
// key held down, so the answer never walks a store: each kind of pattern is a few ranges of keys,
// and of a range no more is read than can be shown.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/rule.h"
#include "common/store_snapshot.h"

namespace smtpblock {

/// At most `most` patterns whose text begins with `typed`, whatever its case; some of each kind
/// that has any. Errors: failed (damage).
Result<std::vector<Pattern>> patterns_beginning(StoreSnapshot& snapshot, std::string_view typed,
                                                std::optional<RuleType> type, std::size_t most);

/// At most `most` IDs that begin with the digits. Errors: failed (damage).
Result<std::vector<RuleId>> ids_beginning(StoreSnapshot& snapshot, std::string_view digits,
                                          std::size_t most);

}  // namespace smtpblock
