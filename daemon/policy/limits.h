// Bounds of policy requests, each with its source.
#pragma once

#include <chrono>
#include <cstddef>

namespace smtpblock::policy::limits {

/// A name or a value: four times Postfix's line_length_limit (attr_scan_plain(3)).
inline constexpr std::size_t string_octets = 4 * 2048;

/// Attributes of a request. Postfix 3.9 sends about 35, and takes no more than this in a list of
/// names that it does not know (ATTR_HASH_LIMIT).
inline constexpr std::size_t attributes = 1024;

/// All of it together. The names and values of Postfix come to about 1000 octets.
inline constexpr std::size_t request_octets = 64 * 1024;

/// Longer than Postfix keeps a connection that is not used (smtpd_policy_service_max_idle, 300 s)
/// or waits for an answer (smtpd_policy_service_timeout, 100 s): where a connection ends, Postfix
/// has done it.
inline constexpr std::chrono::seconds idle{600};
inline constexpr std::chrono::seconds request{100};

}  // namespace smtpblock::policy::limits
