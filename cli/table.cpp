#include "cli/table.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "cli/display_width.h"

namespace smtpblock {
namespace {

constexpr std::size_t gap = 2;
/// The widths are made from so many.
constexpr std::size_t most_first_rows = 1000;

std::size_t sum(const std::vector<std::size_t>& widths) {
    return std::accumulate(widths.begin(), widths.end(), std::size_t{0});
}

}  // namespace

std::vector<std::size_t> fitted(std::vector<std::size_t> wanted,
                                const std::vector<std::size_t>& least, std::size_t room) {
    std::size_t used = sum(wanted);
    const auto cut_to = [&](std::size_t i, std::size_t width) {
        const std::size_t over = used > room ? used - room : 0;
        if (wanted[i] <= width) return;
        const std::size_t cut = std::min(over, wanted[i] - width);
        wanted[i] -= cut;
        used -= cut;
    };
    for (std::size_t i = wanted.size(); i-- > 0;)
        if (least[i] != 0) cut_to(i, least[i]);
    // Narrower than it takes: the columns that may be cut go down to an ellipsis, then all others.
    for (std::size_t i = wanted.size(); i-- > 0;)
        if (least[i] != 0) cut_to(i, 1);
    for (std::size_t i = wanted.size(); i-- > 0;) cut_to(i, 1);
    return wanted;
}

void Table::row(std::vector<Cell> cells) {
    if (!widths_.empty()) return print(cells);
    first_rows_.push_back(std::move(cells));
    if (first_rows_.size() == most_first_rows) print_first_rows();
}

void Table::end() {
    if (widths_.empty() && !first_rows_.empty()) print_first_rows();
}

void Table::print_first_rows() {
    std::vector<std::size_t> least;
    for (const Column& column : columns_) {
        widths_.push_back(display_width(column.heading));
        least.push_back(column.least);
    }
    for (const auto& row : first_rows_)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths_[i] = std::max(widths_[i], display_width(row[i].text));
    const std::size_t gaps = (columns_.size() - 1) * gap;
    if (const std::size_t room = terminal_.columns(); room > gaps) {
        const auto wanted = std::exchange(widths_, fitted(widths_, least, room - gaps));
        for (std::size_t i = 0; i < wanted.size(); ++i)
            all_cut_ = all_cut_ || (least[i] == 0 && widths_[i] < wanted[i]);
    }

    std::vector<Cell> headings;
    for (const Column& column : columns_) headings.push_back({column.heading, Style::heading});
    print(headings);
    for (const auto& row : first_rows_) print(row);
    first_rows_.clear();
}

void Table::print(const std::vector<Cell>& cells) {
    std::string line;
    std::size_t used = 0;
    std::size_t padding = 0;  // owed before the next cell, and to nobody behind the last one
    for (std::size_t i = 0; i < widths_.size(); ++i) {
        std::string text = cells[i].text;
        std::size_t width = widths_[i];
        if (columns_[i].least == 0 && !all_cut_)
            width = std::max(width, display_width(text));  // an ID longer than the first ones
        else if (i + 1 == widths_.size() && terminal_.columns() != 0)
            width = std::min(width, terminal_.columns() - std::min(used, terminal_.columns()));
        text = cut_to_width(text, width);
        if (!text.empty()) {
            line.append(padding, ' ');
            line += terminal_.styled(cells[i].style, text);
            padding = 0;
        }
        padding += width - display_width(text) + gap;
        used += width + gap;
    }
    terminal_.line(line);
}

}  // namespace smtpblock
