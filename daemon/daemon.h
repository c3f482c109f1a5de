// The daemon put together: rules, log and network, and again at each SIGHUP.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/store_reader.h"
#include "daemon/guard/guard.h"
#include "daemon/guard/log.h"
#include "daemon/guard/secret_key.h"
#include "daemon/net/server.h"
#include "daemon/options.h"
#include "daemon/presence.h"
#include "daemon/setup.h"

namespace smtpblock {

/// The system's name for this host, or empty.
std::string system_hostname();

/// What the configuration and the command line say together, read now.
Result<Setup> read_setup(const Options& options);

class Daemon {
public:
    /// Its first reader of the rules; the options are those of the command line.
    Daemon(Options options, Setup setup, std::unique_ptr<StoreReader> rules,
           net::ActivatedSockets activated);
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    /// Serves until it is stopped by a signal. Errors: what keeps it from beginning to.
    Result<void> serve();

private:
    void tell_warnings(const Setup& setup);
    void warn(const std::string& detail);
    /// It is not in our hands whether it listens: that it does not is said once.
    void tell_manager(const std::string& state);
    void keep_watchdog_quiet();
    std::vector<net::ListenerOptions> listeners_of(Setup& setup) const;
    net::PolicyFactory policies_of(const Setup& setup);
    void reload();
    /// How many certificates there are now.
    Result<std::size_t> apply_again();

    const Options options_;
    Setup setup_;  ///< of the start
    guard::Log log_;
    std::unique_ptr<guard::SecretKey> key_;
    std::vector<std::unique_ptr<StoreReader>> rules_;  ///< one a thread
    guard::GuardState state_;
    guard::Guard watch_;  ///< looks at the rules when nobody comes
    net::Server server_;
    bool manager_is_deaf_ = false;
    std::optional<Presence> presence_;  ///< while it serves
};

}  // namespace smtpblock
