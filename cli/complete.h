// `smtpblock __complete`, which the shells' completions ask. No command of a user's: it answers
// what it can, says nothing of what it cannot, and always ends well.
//
//     __complete words WORD...    the words behind the program's name, the last one half typed
//     __complete bash LINE WORDBREAKS    the line up to the cursor, and COMP_WORDBREAKS
//
// The first line of the answer says who completes: `words` (the lines that follow, each with a tab
// and a description), or for the shell `files`, `directories` or `groups`; behind it, each after a
// tab, what of the half word is complete (`--store=`) and what is not. For bash the words are
// quoted, and lack what bash does not replace.
#pragma once

#include <span>
#include <string>

#include "cli/run.h"
#include "cli/terminal.h"

namespace smtpblock {

/// `words` without `__complete`.
void complete(std::span<const std::string> words, const Surroundings& surroundings,
              Terminal& terminal);

}  // namespace smtpblock
