// How much room text takes on a terminal, in columns: most characters one, those of East Asia and
// most pictures two, combining marks none. For text that is printable() already; what is not would
// move the cursor, and no number could say where to.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace smtpblock {

/// The columns that `text` takes.
std::size_t display_width(std::string_view text);

/// `text` when it fits into `columns`; else as much of its head as does with `…` behind it. A
/// combining mark goes or stays with the character that it belongs to.
std::string cut_to_width(std::string_view text, std::size_t columns);

}  // namespace smtpblock
