// Reads a command line as getopt_long does, ahead of CLI11: global options before and after the
// command, `--name value` and `--name=value`, `--` before what only looks like an option.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace smtpblock {

/// What the guard and the completions must know of a command.
struct CommandForm {
    struct Option {
        std::string name;        ///< `--dir`
        std::string value_name;  ///< `in|out|both`; empty: it takes no value
        std::string help;        ///< what --help says of it
        std::string heading;     ///< under which it stands there
    };

    std::string name;  ///< empty: before any command
    std::vector<Option> options;
    std::string operand;  ///< `ID|PATTERN`; empty: it takes none
    std::string operand_help;
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

/// `; did you mean 'add'?` for a word that is no command, or nothing.
std::string nearest_command(std::string_view word);

/// The form of the command of this name.
using FormOf = std::function<CommandForm(const std::string& name)>;

/// What CLI11 is to parse instead of `words`: commands and options as they are, everything else as
/// a token in `kept`. `form_of` is asked once on the way to a result, and more often on the way to
/// an error. Errors: bad_input, with the nearest command or option.
Result<std::vector<std::string>> guarded(const CommandForm& before_any, const FormOf& form_of,
                                         std::span<const std::string> words, Words& kept);

}  // namespace smtpblock
