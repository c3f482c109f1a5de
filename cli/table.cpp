#include "cli/table.h"

#include <algorithm>

namespace smtpblock {
namespace {

constexpr std::size_t gap = 2;

bool begins_character(char octet) {
    return (static_cast<unsigned char>(octet) & 0xc0U) != 0x80;
}

/// Characters, each taken for one column wide.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

/// At most `width` characters, the last of them an ellipsis when something was cut off.
std::string cut(std::string_view text, std::size_t width) {
    if (width_of(text) <= width) return std::string(text);
    std::size_t characters = 0;
    std::size_t end = 0;
    for (; end < text.size(); ++end)
        if (begins_character(text[end]) && ++characters == width) break;
    return std::string(text.substr(0, end)) + "…";
}

}  // namespace

void Table::print(Terminal& terminal) const {
    std::vector<std::size_t> widths;
    for (const std::string& heading : headings_) widths.push_back(width_of(heading));
    for (const auto& row : rows_)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width_of(row[i].text));

    const auto print_row = [&](auto text_of, auto style_of) {
        std::string line;
        std::size_t used = 0;
        for (std::size_t i = 0; i < widths.size(); ++i) {
            const std::string& text = text_of(i);
            if (i + 1 == widths.size()) {
                const std::size_t room =
                    terminal.columns() > used + gap ? terminal.columns() - used : width_of(text);
                line += terminal.styled(style_of(i), cut(text, room));
            } else {
                line += terminal.styled(style_of(i), text);
                line.append(widths[i] - width_of(text) + gap, ' ');
                used += widths[i] + gap;
            }
        }
        terminal.line(line);
    };
    print_row([&](std::size_t i) -> const std::string& { return headings_[i]; },
              [](std::size_t) { return Style::heading; });
    for (const auto& row : rows_)
        print_row([&](std::size_t i) -> const std::string& { return row[i].text; },
                  [&](std::size_t i) { return row[i].style; });
}

}  // namespace smtpblock
