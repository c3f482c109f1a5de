// The key under which a rule stands in the store: one octet for the kind of its pattern, then what
// the pattern is about. A look-up is by key alone, so its cost does not grow with the rules.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace smtpblock {

/// What a pattern matches. The value is the first octet of its key: never change one, and never
/// give one twice. The order of specificity is matcher.cpp's, not this one's.
enum class PatternKind : std::uint8_t {
    address = 'a',       ///< email: `user@example.com`; subject `user@example.com`, unquoted
    domain = 'd',        ///< email: `example.com`
    below_domain = 's',  ///< email: `*.example.com`; subject `example.com`
    local_part = 'u',    ///< email: `user@`; subject `user`, unquoted
    null_sender = 'n',   ///< email: `<>`; no subject
    name = 'N',          ///< ehlo: `mail.example.com`, `ylmf-pc`
    below_name = 'S',    ///< ehlo: `*.example.com`; subject `example.com`
    literal = 'L',       ///< ehlo: `[192.0.2.7]`; subject 4 or 16 octets
    no_name = 'E',       ///< ehlo: `""`; no subject
    email_glob = 'g',    ///< email: `*spam*@example.com`; subject the canonical glob (glob.h)
    ehlo_glob = 'G',     ///< ehlo: `host-*.example.com`; likewise
    prefix = 'P',        ///< ehlo: `192.0.2.0/24`; subject 4 or 16 octets and the prefix's length
};

inline constexpr std::array all_pattern_kinds{
    PatternKind::address,    PatternKind::domain,      PatternKind::below_domain,
    PatternKind::local_part, PatternKind::null_sender, PatternKind::name,
    PatternKind::below_name, PatternKind::literal,     PatternKind::no_name,
    PatternKind::email_glob, PatternKind::ehlo_glob,   PatternKind::prefix,
};

/// What the store counts of a rule beside its kind, so that a look-up that can find nothing is
/// left out: of a `below_` kind the labels of its subject (255: so many or more); of a prefix its
/// length, plus 33 for IPv6. 0 for every other kind.
std::uint8_t key_detail(PatternKind kind, std::string_view subject);

/// The longest local part of a pattern (RFC 5321 4.5.3.1.1): a longer one need not be looked up.
inline constexpr std::size_t key_local_part_octets = 64;

/// LMDB's limit on a key (MDB_MAXKEYSIZE of the Debian package).
inline constexpr std::size_t key_octets = 511;

/// A key in a buffer of its own, so that making one allocates nothing.
class RuleKey {
public:
    /// The subject is the concatenation of the three parts. A subject longer than 509 octets is
    /// cut to 506 and followed by its CRC-32C: two such patterns may collide, and the writer then
    /// finds the other one's text in the value.
    explicit RuleKey(PatternKind kind, std::string_view subject = {}, std::string_view more = {},
                     std::string_view last = {});

    /// Valid as long as this object.
    std::string_view view() const { return {octets_.data(), size_}; }
    /// True when the subject does not stand whole in the key.
    bool cut() const { return size_ == key_octets; }

private:
    std::array<char, key_octets> octets_;
    std::size_t size_ = 0;
};

}  // namespace smtpblock
