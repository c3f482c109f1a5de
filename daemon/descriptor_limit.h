// How many descriptors this process may have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "common/listener_choices.h"

namespace smtpblock {

/// As many as it may have at most, from now on.
void raise_descriptor_limit();

/// RLIMIT_NOFILE; nothing: as many as it likes.
std::optional<std::uint64_t> descriptor_limit();

/// That so many clients at a time, of the listeners of each protocol, may need more; or empty.
std::string descriptor_warning(std::size_t sessions, const std::set<Protocol>& protocols,
                               std::optional<std::uint64_t> limit);

}  // namespace smtpblock
