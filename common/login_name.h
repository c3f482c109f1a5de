// Whose login it may be: the name given at AUTH (RFC 4954 4), which may be anything.
#pragma once

#include <string_view>
#include <vector>

#include "common/address.h"

namespace smtpblock {

/// Address::of_identity(), and where the name has more than one `@` also as one who splits it at
/// the first reads it (Dovecot's %n and %d do).
std::vector<Address> readings_of_login(std::string_view name, std::string_view auth_domain);

}  // namespace smtpblock
