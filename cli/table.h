// A table for people, on a terminal of a given width. Columns are as wide as their widest cell
// among the first rows; where that is more than there is room for, cells are cut with `…`. Rows go
// out as they come after that, so that a table of any length takes little memory.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.h"

namespace smtpblock {

struct Cell {
    std::string text;
    Style style = Style::plain;
};

class Table {
public:
    struct Column {
        std::string heading;
        std::size_t least = 0;  ///< how narrow it may be cut; 0: not at all
    };

    Table(Terminal& terminal, std::vector<Column> columns)
        : terminal_(terminal), columns_(std::move(columns)) {}

    /// As many cells as there are columns.
    void row(std::vector<Cell> cells);
    /// After the last row. Without any row nothing is printed.
    void end();

private:
    void print_first_rows();
    void print(const std::vector<Cell>& cells);

    Terminal& terminal_;
    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> first_rows_;
    std::vector<std::size_t> widths_;  ///< empty until the first rows are printed
    bool all_cut_ = false;             ///< not even what is never cut had room
};

/// What columns that would be `wanted` wide get of `room`, gaps left out: the last one that may be
/// cut is cut first, down to its least; when that is not enough, all of them down to an ellipsis.
std::vector<std::size_t> fitted(std::vector<std::size_t> wanted,
                                const std::vector<std::size_t>& least, std::size_t room);

}  // namespace smtpblock
