// Domains as they are compared: lower case, no trailing dot, an address literal in its canonical
// spelling. What a client says is read widely (underscores, any label); what an administrator
// writes is held to the grammar of RFC 1035 2.3.1 with underscores, since a pattern that can match
// nothing is a mistake.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace smtpblock {

/// The comparable form of a domain or address literal that came over the wire. Nothing when it
/// holds an octet that no domain has, or an empty label.
std::optional<std::string> canonical_domain(std::string_view written);

/// The comparable form of a domain in a pattern. The error says what is wrong and what to write;
/// `whole` is the user's word, `written` the part of it that is the domain.
Result<std::string> pattern_domain(std::string_view whole, std::string_view written);

/// True when `name` is a host name as RFC 1123 2.1 has it: letters, digits, inner hyphens, dots.
bool is_host_name(std::string_view name);

}  // namespace smtpblock
