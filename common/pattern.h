// What a rule matches. A Pattern is valid by existing: parse() is the only way from what somebody
// wrote, from_key() the only way from what a store holds, and both give the canonical form. What
// may be written, and what it matches, is told in man/smtpblock-patterns.7; keep that page true.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/rule_key.h"

namespace smtpblock {

enum class RuleType : std::uint8_t {
    email,  ///< an envelope sender or an authenticated account
    ehlo,   ///< a name given in EHLO or HELO
};

RuleType type_of(PatternKind kind);

class Pattern {
public:
    /// The error names the user's word, says why it can match nothing, and what to write instead.
    static Result<Pattern> parse(RuleType type, std::string_view written);

    /// The pattern that stands under `key` in a store; for a cut key from its stored subject.
    /// Nothing when the key is damaged.
    static std::optional<Pattern> from_key(std::string_view key);
    static std::optional<Pattern> from_subject(PatternKind kind, std::string_view subject);

    RuleType type() const { return type_of(kind_); }
    PatternKind kind() const { return kind_; }
    /// What the kind is about, as it stands in the key.
    std::string_view subject() const { return subject_; }
    RuleKey key() const { return RuleKey(kind_, subject_); }
    /// The canonical form, as `list` shows it: `example.com`, `[192.0.2.7]`, `""`. parse() makes
    /// the same pattern of it.
    std::string text() const;
    /// The same with U-labels where they can be shown (idna.h): for tables for people.
    std::string text_for_people() const;
    /// What its writer may not expect, as a sentence; empty when there is nothing to say.
    std::string note() const;
    /// True for `*`, `*@*` and the like: globs that stop everybody.
    bool matches_everything() const;

    friend bool operator==(const Pattern&, const Pattern&) = default;

private:
    static constexpr std::string_view below = "*.";

    Pattern(PatternKind kind, std::string subject) : kind_(kind), subject_(std::move(subject)) {}
    static Result<Pattern> parse_email(std::string_view written);
    static Result<Pattern> parse_domain(std::string_view written);
    static Result<Pattern> parse_ehlo(std::string_view written);
    static std::optional<Result<Pattern>> parse_prefix(std::string_view written);
    /// Quoted also where it would else read as a glob.
    static std::string local_part_text(std::string_view local);

    PatternKind kind_;
    std::string subject_;
};

/// The type that a pattern shows by itself: email when it has an `@` or is `<>`.
std::optional<RuleType> evident_type(std::string_view written);

}  // namespace smtpblock
