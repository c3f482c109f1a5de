// xtext (RFC 3461 4): printable ASCII, in which `+` and two hexadecimal digits are any octet.
// Values of ESMTP parameters (MAIL FROM ... AUTH=, RFC 4954 5) and of XCLIENT are written so.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace smtpblock::smtp {

/// Nothing where a `+` has no two digits behind it, of either case. What should not stand for
/// itself is taken for what it is.
std::optional<std::string> decoded_xtext(std::string_view text);

/// Of any octets.
std::string encoded_xtext(std::string_view text);

}  // namespace smtpblock::smtp
