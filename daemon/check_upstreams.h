// What --check-config finds out by asking the upstreams: whether each can be reached, takes the
// client's address, and refuses to relay for a stranger.
#pragma once

#include <string>
#include <vector>

#include "daemon/setup.h"

namespace smtpblock {

struct UpstreamCheck {
    std::vector<std::string> found;  ///< for standard output, a line an upstream that is well
    std::vector<std::string> flaws;  ///< a sentence each, with the next step
};

/// Takes as long as the slowest upstream, at most `upstream_connect` of its listener. No message is
/// sent.
UpstreamCheck check_upstreams(const Setup& setup);

}  // namespace smtpblock
