// Rules in another order than that of their IDs, more of them than memory holds.
#pragma once

#include <functional>
#include <string>

#include "cli/arguments.h"
#include "common/external_sort.h"
#include "common/result.h"
#include "common/rule.h"

namespace smtpblock {

class RuleOrder {
public:
    explicit RuleOrder(SortKey key) : key_(key) {}

    /// Errors: failed (no room for a temporary file).
    Result<void> add(const Rule& rule);
    /// The rules in their order, equal ones as they were added, until `visit` answers false.
    Result<void> each(const std::function<bool(const Rule&)>& visit);

private:
    SortKey key_;
    ExternalSort sort_;
};

}  // namespace smtpblock
