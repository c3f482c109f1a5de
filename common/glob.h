// Globs, as the patterns `*spam*@example.com` and `host-*.example.com` hold them: `*` stands for
// any run of characters, the empty one too, `?` for one character (a code point of UTF-8, not an
// octet). `\*` and `\?` stand for themselves; any other backslash is a backslash, so one right
// before a wildcard cannot be written, and a `?` has to do for it.
//
// A glob is compared with a whole value as it stands, octet by octet. Both are canonical before
// they come here (pattern.h, address.h, ehlo_name.h): folded, domains as A-labels, and address
// literals in lower case throughout (`[ipv6:2001:db8::1]`).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace smtpblock {

/// True when `glob` stands for the whole of `value`. Allocates nothing; needs at most
/// glob.size() times value.size() steps, and hardly ever more than their sum. An octet of `value`
/// that is no UTF-8 is a character of its own.
bool glob_matches(std::string_view glob, std::string_view value);

/// What stands between two wildcards of a glob, unescaped: every value that the glob matches holds
/// its pieces in their order, none overlapping.
struct GlobPiece {
    std::string text;
    bool at_start = false;  ///< the value begins with it
    bool at_end = false;    ///< the value ends with it

    friend bool operator==(const GlobPiece&, const GlobPiece&) = default;
};

/// The pieces of `glob` that are not empty, from left to right.
std::vector<GlobPiece> glob_pieces(std::string_view glob);

/// True when `text` holds a `*` or `?` that is not escaped.
bool has_wildcard(std::string_view text);

/// `text` as it stands for itself in a glob, and back.
std::string glob_escaped(std::string_view text);
std::string glob_unescaped(std::string_view text);

/// `glob` with `changed(piece)` for each of its pieces.
std::string glob_with_pieces(std::string_view glob, std::string (*changed)(std::string_view));

/// `glob` with each run of wildcards in its shortest form: the `?` first, then at most one `*`.
std::string glob_with_short_runs(std::string_view glob);

}  // namespace smtpblock
