// What an edit that touched rules which nobody named did to them: read back from the history.
#pragma once

#include <cstdint>
#include <string_view>

#include "cli/commands.h"

namespace smtpblock {

/// Prints `added|changed|deleted`, ID, type, direction and pattern of each rule that the edit of
/// that revision touched, and where it is in force; tells syslog. A revision of 0 touched none.
/// `done` is what to say of the edit when it cannot be printed.
Result<int> report_revision(std::uint64_t revision, std::string_view done, const Context& context,
                            Terminal& terminal);

}  // namespace smtpblock
