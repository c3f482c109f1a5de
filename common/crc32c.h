// CRC-32C (Castagnoli), the checksum of rule values (RFC 3720 12.1 has the polynomial).
#pragma once

#include <cstdint>
#include <string_view>

namespace smtpblock {

/// The CRC-32C of `octets`; give an earlier result as `before` to go on where it ended.
std::uint32_t crc32c(std::string_view octets, std::uint32_t before = 0);

}  // namespace smtpblock
