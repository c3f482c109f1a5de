// The program but for its process: words in, exit status out.
#pragma once

#include <span>
#include <string>

#include "cli/settings.h"
#include "cli/terminal.h"
#include "common/rule.h"

namespace smtpblock {

/// Parses `words`, runs the command and reports what stopped it.
int run_program(std::span<const std::string> words, const Environment& environment, Time now,
                Terminal& terminal);

}  // namespace smtpblock
