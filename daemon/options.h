// The command line of smtpblockd. Knows no file and no socket; what was typed has become what is
// meant when parsing is over.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/endpoint.h"
#include "common/rule.h"
#include "daemon/guard/log.h"

namespace smtpblock {

/// `--listen [in:|out:]WHERE[,tls]`, where WHERE is as in the configuration.
struct ListenArgument {
    Direction direction = Direction::in;
    bool tls = false;  ///< implicit
    ListenAddress address;

    static Result<ListenArgument> parse(std::string_view written);
};

struct Options {
    std::string config;                ///< empty: not named
    std::optional<std::string> store;  ///< by --store or SMTPBLOCK_STORE
    std::vector<ListenArgument> listen;
    std::optional<UpstreamAddress> upstream;
    guard::LogLevel log_level = guard::LogLevel::info;
    bool check_config = false;
};

/// The value of an environment variable; nothing when it is unset.
using Environment = std::function<std::optional<std::string>(const char* name)>;

/// What to do, or with what to end at once.
struct ParsedOptions {
    std::optional<Options> options;
    int exit_status = 0;  ///< without options
    std::string output;   ///< then: for standard output
    std::string error;    ///< then: for standard error
};

ParsedOptions parse_options(int argc, const char* const* argv, const Environment& environment);

}  // namespace smtpblock
