// The one decision: which rules match what a client said of itself, and which of them decides. The
// daemon and `smtpblock check` both call decide(). Rules are looked up by key, the most specific
// first, and only where such rules exist; globs, which have no key to be looked up by, are found
// by their index. So the cost of a decision depends on the values asked about and hardly on the
// number of rules. Nothing is allocated, but for a value longer than any that a session takes by
// default.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/address.h"
#include "common/ehlo_name.h"
#include "common/glob_index.h"
#include "common/rule.h"

namespace smtpblock {

/// What decide() needs to know of a stored rule; its pattern is the key.
struct RuleFacts {
    RuleId id = 0;
    Direction direction = Direction::both;
    Action action = Action::reject;
    std::optional<Time> expires;
};

enum class Lookup : std::uint8_t {
    absent,
    found,
    trouble,  ///< the store cannot be read: the source knows why
};

/// Where rules are looked up: a snapshot of the store, or a table in a test.
class RuleSource {
public:
    virtual ~RuleSource() = default;
    /// Fills `facts` when it answers `found`.
    virtual Lookup find(std::string_view key, RuleFacts& facts) const = 0;
    /// False only when no rule of that kind exists, so that it need not be looked up.
    virtual bool has(PatternKind kind) const = 0;
    /// The same for those of one key_detail() of a kind that has them.
    virtual bool has(PatternKind kind, std::uint8_t detail) const = 0;
    /// The texts of all globs of that type.
    virtual const GlobIndex& globs(RuleType type) const = 0;
};

/// Which of the tested values a rule matched.
enum class Field : std::uint8_t { sender, user, ehlo };
std::string_view word(Field field);

/// Views: the strings must outlive the call only.
struct Query {
    Time now;
    std::string_view recipient_delimiter = "+";  ///< a set of characters; empty: no plus addresses
    Direction email_directions = Direction::both;
    Direction ehlo_directions = Direction::both;
    const Address* sender = nullptr;  ///< the envelope sender, when there is one
    bool null_sender = false;         ///< MAIL FROM:<>
    std::span<const Address> users;   ///< authentication and authorization identities
    std::span<const EhloName>
        ehlo_names;  ///< of the connection; one empty name when none was given
};

enum class Verdict : std::uint8_t { pass, reject, defer, trouble };
std::string_view word(Verdict verdict);

struct Match {
    RuleId id = 0;
    Action action = Action::reject;
    Field field = Field::sender;
    std::uint32_t place = 0;  ///< of the matched value among those of its field
};

struct Decision {
    static constexpr std::size_t kept = 32;

    Verdict verdict = Verdict::pass;
    /// The rule that blocks; when it passes, the `allow` rule that was picked, if any.
    std::optional<Match> deciding;
    /// Enforcing is paused until then, so the verdict is `pass` whatever matched.
    std::optional<Time> paused_until{};
    std::size_t matches = 0;  ///< all that matched, deciding and `log` rules among them
    /// The first `kept` of them, in the order of the values; of one value the most specific first.
    std::array<Match, kept> matched;

    std::span<const Match> all() const { return {matched.data(), matches < kept ? matches : kept}; }
    /// The IDs of those that matched beside the deciding one, each once, as `3,9`.
    std::string others() const;
};

/// Values are tested in the order sender, users, EHLO names; of several rejects (or, without one,
/// of several defers) the first decides.
Decision decide(const Query& query, const RuleSource& rules);

}  // namespace smtpblock
