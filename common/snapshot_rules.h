// The rules of the store as decide() asks for them: those of the snapshot that is begun. What it
// keeps from one snapshot to the next, the index of globs and the keys known to be absent, it
// brings up to date with sync(), so no answer is older than the snapshot.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/absent_keys.h"
#include "common/matcher.h"
#include "common/result.h"
#include "common/store_snapshot.h"

namespace smtpblock {

class SnapshotRules final : public RuleSource {
public:
    /// The snapshot must outlive this object.
    explicit SnapshotRules(const StoreSnapshot& snapshot) : snapshot_(snapshot) {}

    /// To be called once a snapshot is begun, before anything is asked. Reads all globs when one
    /// was added or removed, else allocates nothing. Errors: failed (damage).
    Result<void> sync();

    Lookup find(std::string_view key, RuleFacts& facts) const override;
    bool has(PatternKind kind) const override;
    bool has(PatternKind kind, std::uint8_t detail) const override;
    const GlobIndex& globs(RuleType type) const override;

    /// Why decide() came into trouble.
    Failure why() const;

private:
    Result<void> read_globs(PatternKind kind, GlobIndex& index);

    /// Which state of which file: LMDB counts its transactions.
    struct Version {
        std::uint64_t opening = 0;
        std::size_t transaction = 0;

        friend bool operator==(const Version&, const Version&) = default;
    };

    const StoreSnapshot& snapshot_;
    GlobIndex email_globs_;
    GlobIndex ehlo_globs_;
    std::uint64_t globs_opening_ = 0;   ///< when the indexes were made; 0: not
    std::uint64_t globs_revision_ = 0;  ///< the record's glob_revision then
    mutable AbsentKeys absent_;
    Version absent_from_;
    mutable int number_ = 0;        ///< LMDB's or guarded()'s, of a find() that came into trouble
    mutable bool unsound_ = false;  ///< it found what must not be believed
};

}  // namespace smtpblock
