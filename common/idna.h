// Names beyond ASCII (IDNA 2008, RFC 5890 to 5893, with the mapping of UTS 46, nontransitional:
// what browsers and Postfix do). `bücher.example`, `BÜCHER.example` and `bücher。example` are
// `xn--bcher-kva.example`; `straße` and `strasse` are two labels. A name of ASCII alone never
// reaches the library.
#pragma once

#include <string>
#include <string_view>

namespace smtpblock {

/// `name` as it is compared: each of its U-labels as A-label, the rest folded (text.h). A label
/// beyond ASCII that is no U-label (an emoji, or one too long) is folded, as are all labels of a
/// name that has more than 127; an A-label that is none stays as it is. What is no UTF-8 is folded
/// in its ASCII letters only.
std::string idna_form(std::string_view name);

/// `name` with a full stop for each of the other three dots that UTS 46 knows.
std::string with_plain_dots(std::string_view name);

/// `name`, which is in idna_form(), with U-labels in place of the A-labels that have one which
/// comes back to the same A-label and holds no hidden_character(): for tables for people.
std::string u_label_text(std::string_view name);

}  // namespace smtpblock
