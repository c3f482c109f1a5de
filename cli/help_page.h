// The pages of --help and `help`: what it is for, examples, then how it is written. No line is
// longer than 79 columns.
#pragma once

#include <string>
#include <string_view>

#include "cli/grammar.h"
#include "cli/guard.h"

namespace smtpblock {

/// Of a command with this form.
std::string help_page(const CommandEntry& command, const CommandForm& form);

/// Of the program, whose options before any command `form` has.
std::string help_page(const CommandForm& form);

/// What a help text says in short: the first sentence of its first line, without a full stop.
std::string_view first_sentence(std::string_view text);

}  // namespace smtpblock
