// Rules one by one, from wherever they come: what a bulk load of the store is fed with.
#pragma once

#include <cstdint>
#include <optional>

#include "common/result.h"
#include "common/store_writer.h"

namespace smtpblock {

struct FedRule {
    NewRule rule;
    std::uint64_t line = 0;  ///< of its source, from 1 on: for messages
};

class RuleFeed {
public:
    virtual ~RuleFeed() = default;
    /// The next rule; nothing at the end. After an error there is no next one: what was fed so far
    /// must not be kept.
    virtual Result<std::optional<FedRule>> next() = 0;
};

}  // namespace smtpblock
