// An email address as it is compared: the local part unquoted and folded (text.h), the domain in
// its canonical form. Two spellings of one address are one Address.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace smtpblock {

struct Address {
    std::string local;   ///< without quotes and quoted pairs, folded; may hold any octet
    std::string domain;  ///< canonical_domain()'s form; empty: an identity without a domain

    /// A Mailbox of RFC 5321 4.1.2, without angle brackets and source route. Dots at odd places of
    /// an unquoted local part are let through, as Postfix does. Nothing when it is malformed.
    static std::optional<Address> parse(std::string_view mailbox);

    /// A name given at AUTH (RFC 4954 4), which may be anything: split at the last `@`, completed
    /// with `auth_domain` (which may be empty) when it has none, or nothing behind it. Never
    /// fails: a name that is no address is compared as it is.
    static Address of_identity(std::string_view identity, std::string_view auth_domain);

    /// The canonical spelling, the local part quoted where it must be.
    std::string text() const;

    friend bool operator==(const Address&, const Address&) = default;
};

/// `local` as it stands in an address: unchanged, or a Quoted-string (RFC 5321 4.1.2).
std::string quoted_local_part(std::string_view local);

/// What a Local-part means: without quotes and quoted pairs, folded. Nothing when it is no
/// UTF-8, or neither a Dot-string (with dots at odd places let through) nor a Quoted-string.
std::optional<std::string> canonical_local_part(std::string_view written);

}  // namespace smtpblock
