// From what was written (the configuration, the command line) to what the parts of the daemon are
// given. Nothing is opened here.
#pragma once

#include <string>
#include <vector>

#include "common/config.h"
#include "daemon/guard/guard.h"
#include "daemon/net/server.h"
#include "daemon/options.h"

namespace smtpblock {

struct Setup {
    std::string store;
    guard::GuardOptions guard;
    net::ServerOptions server;
    std::vector<net::ListenerOptions> listeners;
    std::vector<std::string> warnings;  ///< for the log, a sentence each
};

/// `system_hostname` is taken when the configuration has none. Errors: bad_input (no listener).
Result<Setup> make_setup(const Options& options, const Config& config,
                         const std::string& system_hostname);

/// What --check-config shows of it: a line a listener.
std::string description(const Setup& setup);

}  // namespace smtpblock
