// Domains and names as an administrator writes them in a pattern. A pattern takes what the wire
// takes (domain_name.h, ehlo_name.h); what can match nothing is a mistake, and the error says what
// to write. `whole` is always the user's word, and `written` the end of it that is the domain.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace smtpblock {

/// The comparable form of a domain without wildcards.
Result<std::string> pattern_domain(std::string_view whole, std::string_view written);

/// The canonical glob (glob.h) of a domain with wildcards.
Result<std::string> pattern_domain_glob(std::string_view whole, std::string_view written);

/// The canonical glob of any name: whole labels in idna_form(), the rest in lower case, without
/// dots at its end. A wildcard beside a character beyond ASCII in one label is refused: the value
/// has an A-label there, of which no part can be told by its U-label.
Result<std::string> name_glob(std::string_view whole, std::string_view written);

}  // namespace smtpblock
