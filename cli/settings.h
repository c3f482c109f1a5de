// Which store a command works on, and what it must know of the daemon's configuration.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cli/arguments.h"
#include "common/config.h"
#include "common/result.h"

namespace smtpblock {

/// The value of an environment variable; nothing when it is unset or empty.
using Environment = std::function<std::optional<std::string>(const char* name)>;

struct Settings {
    std::string store;
    Config config;  ///< the defaults when it was not needed
};

/// The store is the flag's, else the environment's, else the configuration's, else
/// /var/lib/smtpblock. The configuration is read when it was named, when it must name the store,
/// or when `needs_config`: whoever names a store need not be allowed to read it.
Result<Settings> settings_of(const GlobalOptions& options, const Environment& environment,
                             bool needs_config);

}  // namespace smtpblock
