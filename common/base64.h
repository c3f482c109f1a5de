// Base64 (RFC 4648 4), strict: no white space, whole quartets, zero bits behind the end. What an
// upstream might read otherwise than we do is not passed to it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace smtpblock {

std::optional<std::string> base64_decode(std::string_view text);
std::string base64_encode(std::string_view octets);

// The same into memory of the caller's, of which no copy is made: for secrets.

/// At most as many octets come out of `octets` octets of text.
constexpr std::size_t base64_decoded_most(std::size_t octets) {
    return octets / 4 * 3;
}
constexpr std::size_t base64_encoded_size(std::size_t octets) {
    return (octets + 2) / 3 * 4;
}
/// Into `out`, which has room for base64_decoded_most(); returns the octets there are.
std::optional<std::size_t> base64_decode(std::string_view text, char* out);
/// Into `out`, which has room for base64_encoded_size().
void base64_encode(std::string_view octets, char* out);

}  // namespace smtpblock
