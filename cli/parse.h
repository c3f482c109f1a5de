// From what was typed to what is meant. CLI11 knows commands and options and writes the help, but
// never sees a word of the user's: version 2.1.2 strips the brackets of `[192.0.2.7]`, splits
// `[a,b]`, takes `{}` for nothing, and forgets `--` after a positional. So a guard goes first,
// which tells options, values and patterns apart as getopt_long does and gives CLI11 a token for
// each value and pattern.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "cli/arguments.h"
#include "cli/guard.h"
#include "common/result.h"

namespace smtpblock {

struct Invocation {
    GlobalOptions options;
    Command command;
};

/// What --help, --version and `help` print.
struct HelpText {
    GlobalOptions options;
    std::string text;
};

using Parsed = std::variant<Invocation, HelpText>;

/// `words` without the program's name. Errors: bad_input.
Result<Parsed> parse(std::span<const std::string> words, Time now);

/// The form of a command; of what may stand before any when `command` is empty.
CommandForm form_of(std::string_view command);

}  // namespace smtpblock
