// The walk over everything in a store: each checksum, each reference, each counter. Nothing that a
// damaged page can show is believed because LMDB said nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/store_snapshot.h"

namespace smtpblock {

struct VerifyReport {
    std::uint64_t rules = 0;
    std::uint64_t edits = 0;
    std::uint64_t changes = 0;
    /// The store was edited all the while, so sums and counters could not be compared.
    bool disturbed = false;
    std::vector<std::string> faults;  ///< the first few, a sentence each
    std::uint64_t all_faults = 0;
};

/// `progress` is called each few thousand entries. Errors: failed, when the walk could not go on.
Result<VerifyReport> verify_store(StoreSnapshot& snapshot,
                                  const std::function<void(std::uint64_t done)>& progress);

}  // namespace smtpblock
