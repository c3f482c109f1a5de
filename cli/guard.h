// Reads a command line as getopt_long does, ahead of CLI11: global options before and after the
// command, `--name value` and `--name=value`, `--` before what only looks like an option.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/result.h"

namespace smtpblock {

/// What the guard must know of a command.
struct CommandForm {
    struct Option {
        std::string name;        ///< `--dir`
        std::string value_name;  ///< `in|out|both`; empty: it takes no value
    };

    std::string name;  ///< empty: before any command
    std::vector<std::string> aliases;
    std::vector<Option> options;
    std::size_t most_operands = 0;
};

/// The user's own words, which CLI11 must not see, under tokens that it cannot misread.
class Words {
public:
    std::string token_for(std::string word);
    const std::string& of(const std::string& token) const;

private:
    std::vector<std::string> words_;
};

/// What CLI11 is to parse instead of `words`: commands and options as they are, everything else as
/// a token in `kept`. Errors: bad_input, with the nearest command or option.
Result<std::vector<std::string>> guarded(const CommandForm& before_any,
                                         const std::vector<CommandForm>& commands,
                                         std::span<const std::string> words, Words& kept);

}  // namespace smtpblock
