// A line as bash reads it, up to the cursor: bash hands a completion its words cut at `@`, `:` and
// `=` as well and with their quotes on, so that patterns are taken from the line itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace smtpblock {

struct BashLine {
    std::vector<std::string> words{};  ///< without quotes; the last one is being typed
    bool is_file = false;              ///< it stands behind `<` or `>`
    char quote = '\0';                 ///< that is open at the cursor: `'`, `"` or none
    /// Of the last word, what bash will not replace; without quotes.
    std::string before{};
};

/// `word_breaks`: COMP_WORDBREAKS.
BashLine read_bash_line(std::string_view line, std::string_view word_breaks);

/// `text` so that bash, inside of `quote` if any, takes it for what it is.
std::string quoted_for_bash(std::string_view text, char quote);

}  // namespace smtpblock
