// The program but for its process: words in, exit status out.
#pragma once

#include <span>
#include <string>

#include "cli/edit_log.h"
#include "cli/settings.h"
#include "cli/terminal.h"
#include "common/rule.h"

namespace smtpblock {

/// What a command finds outside, but for its terminal.
struct Surroundings {
    Environment environment;
    Time now;
    EditLog::Write syslog;
};

/// Parses `words`, runs the command and reports what stopped it.
int run_program(std::span<const std::string> words, const Surroundings& surroundings,
                Terminal& terminal);

}  // namespace smtpblock
