// The state record of a store: what holds for all rules together. Written by each edit in its own
// transaction, read with each snapshot. It begins with the format in 4 octets, in every format that
// will ever be, so that an older program can tell a newer store from a damaged one.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/pattern.h"
#include "common/rule.h"

namespace smtpblock {

struct StoreRecord {
    std::array<char, 16> uuid{};  ///< random (RFC 4122 4.4): which store this is
    std::uint64_t revision = 0;   ///< one higher with each edit
    RuleId next_id = 1;
    Time last_edit{};            ///< of no meaning while the revision is 0
    std::uint64_t checksum = 0;  ///< the sum of all rules' checksums
    /// Rules by kind: index is the kind's octet.
    std::array<std::uint64_t, 128> counts{};

    std::uint64_t& count(PatternKind kind) { return counts[static_cast<std::size_t>(kind)]; }
    std::uint64_t count(PatternKind kind) const { return counts[static_cast<std::size_t>(kind)]; }
    std::uint64_t rules() const;
    std::uint64_t rules(RuleType type) const;
    /// `f81d4fae-7dec-41d0-a765-00a0c91e6bf6`.
    std::string uuid_text() const;

    friend bool operator==(const StoreRecord&, const StoreRecord&) = default;
};

/// The longest that encode_record() makes.
inline constexpr std::size_t record_octets = 256;

/// The state of a store without rules, with an identity of its own.
StoreRecord new_record();

std::string encode_record(const StoreRecord& record);

enum class RecordVerdict : std::uint8_t { good, damaged, newer };

/// Fills `record` when it answers `good`. Allocates nothing.
RecordVerdict decode_record(std::string_view octets, StoreRecord& record);

}  // namespace smtpblock
