// The envelope sender of a request as an address. A server shows it as the client wrote it, or
// without its quotes, and before it has made it complete: what Postfix is going to make of it
// (trivial-rewrite(8)) is what rules are compared with.
#pragma once

#include <optional>
#include <string_view>

#include "common/address.h"

namespace smtpblock::policy {

/// Without its source route; where it has no `@`, `domain!user` and `user%domain` are `user@domain`
/// and a bare `user` is in `own_domain`. Never fails, as Address::of_identity() does not. `written`
/// is not empty.
Address sender_of(std::string_view written, std::string_view own_domain);

/// The same of the mailbox of `MAIL FROM ... AUTH=`, which Postfix shows as it came: in xtext
/// (RFC 4954 5), unless it makes no text then, and with the brackets that some put around it.
/// Nothing where it is empty or `<>`.
std::optional<Address> submitter_of(std::string_view written, std::string_view own_domain);

}  // namespace smtpblock::policy
