// From what was typed to what is meant. CLI11 knows commands and options and writes the help, but
// never sees a word of the user's: version 2.1.2 strips the brackets of `[192.0.2.7]`, splits
// `[a,b]`, takes `{}` for nothing, and forgets `--` after a positional. So a guard goes first,
// which tells options, values and patterns apart as getopt_long does and gives CLI11 a token for
// each value and pattern.
#pragma once

#include <span>
#include <string>
#include <variant>

#include "cli/arguments.h"
#include "common/result.h"

namespace smtpblock {

struct Invocation {
    GlobalOptions options;
    Command command;
};

/// What --help and --version print.
struct HelpText {
    std::string text;
};

using Parsed = std::variant<Invocation, HelpText>;

/// `words` without the program's name. Errors: bad_input.
Result<Parsed> parse(std::span<const std::string> words, Time now);

}  // namespace smtpblock
