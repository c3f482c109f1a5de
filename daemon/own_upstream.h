// Whether an upstream is the daemon itself, to which mail would come back for ever.
#pragma once

#include <string>

#include "common/endpoint.h"
#include "daemon/setup.h"

namespace smtpblock {

enum class Names : std::uint8_t {
    as_addresses,  ///< only what is written as an address, or `localhost`, is compared
    resolved,      ///< names are looked up, which can take a while
};

/// Errors: bad_input, naming the first upstream of a listener that leads to a listener of `setup`.
Result<void> refuse_own_upstreams(const Setup& setup, Names names);

}  // namespace smtpblock
