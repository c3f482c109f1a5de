// The lines of a file, one by one, without their newlines; a mark at the beginning that it is UTF-8
// (a BOM) is dropped. Memory is bounded: of a line that is longer than `line_octets` nothing is
// kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "cli/input_file.h"
#include "common/result.h"

namespace smtpblock {

/// Longer than any rule that the store takes, written however clumsily.
inline constexpr std::size_t line_octets = std::size_t{1} << 20U;

inline constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

class LineReader {
public:
    explicit LineReader(OctetSource source) : source_(std::move(source)) {}

    struct Line {
        std::string_view text;  ///< valid until the next call; a CR before the newline is in it
        std::uint64_t number;   ///< from 1 on
        bool too_long;          ///< then the text is empty
    };
    /// Nothing at the end. Errors: the source's.
    Result<std::optional<Line>> next();

private:
    Line line_to(std::size_t end, std::size_t next);
    Result<bool> fill();
    Result<bool> skip_to_newline();

    OctetSource source_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;  ///< of what was not given out
    std::size_t end_ = 0;
    std::uint64_t number_ = 0;
    bool at_end_ = false;
};

/// `line` without one CR at its end.
constexpr std::string_view without_carriage_return(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

constexpr bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/// `text` without spaces and tabs around it.
constexpr std::string_view without_blanks_around(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

}  // namespace smtpblock
