// One `[[listener]]` of the configuration. For config.cpp alone.
#pragma once

#include <string>

#include "common/config.h"
#include "common/config_reader.h"
#include "common/result.h"

namespace smtpblock {

/// What the table says, with every default filled in. Errors: bad_input, with file, line, column
/// and key.
Result<ListenerConfig> read_listener(const toml::table& table, const std::string& file);

}  // namespace smtpblock
