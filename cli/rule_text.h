// A rule as commands print it: fields for scripts, JSON for programs.
#pragma once

#include <string>
#include <string_view>

#include "cli/json.h"
#include "cli/terminal.h"
#include "common/rule.h"

namespace smtpblock {

/// `ID type dir pattern`, tab-separated: what an edit prints of a rule.
std::string short_line(const Rule& rule);

/// `id type dir action expires pattern description`, tab-separated: a line of `list` in a pipe.
std::string full_line(const Rule& rule);

JsonObject json_of(const Rule& rule);

/// Text as a field of a tab-separated line: `\t`, `\n`, `\\`, other control characters as `\xNN`;
/// `-` when there is none.
std::string field(std::string_view text);

/// `in 2h30m`, `expired 3d ago`, `-`: for people.
std::string expiry_text(const std::optional<Time>& expires, Time now);

Style style_of(Action action);

/// Prints what became of a rule in the way the user wants it: its ID, its JSON, or its short line
/// after `result` (`added`), if any.
void print_edited(Terminal& terminal, const Rule& rule, std::string_view result = {});

}  // namespace smtpblock
