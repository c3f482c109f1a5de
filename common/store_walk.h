// All rules of a store, one after the other. A walk of millions takes as long as whoever listens,
// and a snapshot that is held pins every page that is freed meanwhile: so the walk gives its
// snapshot back after each few thousand rules and takes a new one. A rule that is edited while the
// walk goes on is seen as it was, or as it is, or, when it was deleted, not at all.
#pragma once

#include <functional>

#include "common/result.h"
#include "common/rule.h"
#include "common/store_snapshot.h"

namespace smtpblock {

inline constexpr std::size_t rules_a_snapshot = 4096;

/// Every rule by ascending ID, until `visit` answers false; it is called between snapshots and may
/// take its time. Where no edit came in between, the sum of all rules is compared with the state
/// record. Errors: failed (damage).
Result<void> walk_rules(StoreSnapshot& snapshot, const std::function<bool(const Rule&)>& visit);

}  // namespace smtpblock
