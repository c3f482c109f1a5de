// Rules by key and by ID, within any transaction of a store: what reading and editing share.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/lmdb.h"
#include "common/result.h"
#include "common/rule.h"
#include "common/store_environment.h"

namespace smtpblock {

/// An ID or a revision as a key: 8 octets in network order, so that they sort as numbers.
class NumberKey {
public:
    explicit NumberKey(std::uint64_t number);
    /// Valid as long as this object.
    std::string_view view() const { return {octets_.data(), octets_.size()}; }
    /// 0 when `key` is none.
    static std::uint64_t number_of(std::string_view key);

private:
    std::array<char, 8> octets_{};
};

/// The key in the table of changes.
class ChangeKey {
public:
    ChangeKey(RuleId id, std::uint64_t revision);
    /// Valid as long as this object.
    std::string_view view() const { return {octets_.data(), octets_.size()}; }

private:
    std::array<char, 16> octets_{};
};

/// The rule under a pattern's key. Errors: failed (damage).
Result<std::optional<Rule>> rule_at(const StoreEnvironment& store, MDB_txn* transaction,
                                    std::string_view key);

/// The rule of that pattern: under a cut key may stand another one. Errors: failed (damage).
Result<std::optional<Rule>> rule_of(const StoreEnvironment& store, MDB_txn* transaction,
                                    const Pattern& pattern);

/// The rule with that ID. Errors: failed (damage).
Result<std::optional<Rule>> rule_of(const StoreEnvironment& store, MDB_txn* transaction, RuleId id);

}  // namespace smtpblock
