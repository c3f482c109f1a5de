// The state record of a store: what holds for all rules together. Written by each edit in its own
// transaction, read with each snapshot. It begins with the format in 4 octets, in every format that
// will ever be, so that an older program can tell a newer store from a damaged one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/pattern.h"
#include "common/rule.h"

namespace smtpblock {

/// `older`: of a format that no released version ever wrote.
enum class RecordVerdict : std::uint8_t { good, damaged, newer, older };

struct StoreRecord {
    std::array<char, 16> uuid{};  ///< random (RFC 4122 4.4): which store this is
    std::uint64_t revision = 0;   ///< one higher with each edit
    RuleId next_id = 1;
    Time last_edit{};            ///< of no meaning while the revision is 0
    std::uint64_t checksum = 0;  ///< the sum of all rules' checksums
    /// The revision of the last edit that added or removed a glob: what is made of all globs
    /// together need not be made anew before this one moves.
    std::uint64_t glob_revision = 0;
    /// Until then daemons let everything pass.
    std::optional<Time> paused_until;

    std::uint64_t count(PatternKind kind) const { return counts_[index(kind)]; }
    /// Rules of that kind with that key_detail(); 0 for the kinds that have none.
    std::uint64_t detail(PatternKind kind, std::uint8_t detail) const;
    std::uint64_t rules() const;
    std::uint64_t rules(RuleType type) const;
    void count_one_more(PatternKind kind, std::string_view subject);
    void count_one_less(PatternKind kind, std::string_view subject);
    bool paused(Time now) const { return paused_until && now < *paused_until; }
    /// `f81d4fae-7dec-41d0-a765-00a0c91e6bf6`.
    std::string uuid_text() const;

    friend bool operator==(const StoreRecord&, const StoreRecord&) = default;

private:
    friend std::string encode_record(const StoreRecord& record);
    friend RecordVerdict decode_record(std::string_view octets, StoreRecord& record);

    using Details = std::array<std::uint64_t, 256>;
    static std::size_t index(PatternKind kind) { return static_cast<std::size_t>(kind); }
    Details* details_of(PatternKind kind);
    const Details* details_of(PatternKind kind) const;

    /// Rules by kind: index is the kind's octet.
    std::array<std::uint64_t, 128> counts_{};
    Details below_domain_{};
    Details below_name_{};
    Details prefix_{};
};

/// The longest that encode_record() makes.
inline constexpr std::size_t record_octets = 8192;

/// The state of a store without rules, with an identity of its own.
StoreRecord new_record();

std::string encode_record(const StoreRecord& record);

/// Fills `record` when it answers `good`. Allocates nothing.
RecordVerdict decode_record(std::string_view octets, StoreRecord& record);

}  // namespace smtpblock
