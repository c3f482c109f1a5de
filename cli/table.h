// A table for people: columns as wide as their widest cell, the last one cut at the terminal's
// edge.
#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"

namespace smtpblock {

struct Cell {
    std::string text;
    Style style = Style::plain;
};

class Table {
public:
    explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}
    /// As many cells as there are headings.
    void row(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
    void print(Terminal& terminal) const;

private:
    std::vector<std::string> headings_;
    std::vector<std::vector<Cell>> rows_;
};

}  // namespace smtpblock
