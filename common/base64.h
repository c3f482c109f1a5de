// Base64 (RFC 4648 4), strict: no white space, whole quartets, zero bits behind the end. What an
// upstream might read otherwise than we do is not passed to it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace smtpblock {

std::optional<std::string> base64_decode(std::string_view text);
std::string base64_encode(std::string_view octets);

}  // namespace smtpblock
