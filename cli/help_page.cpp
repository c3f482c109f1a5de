#include "cli/help_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "cli/help.h"

namespace smtpblock {
namespace {

constexpr std::size_t page_columns = 79;
/// A longer word has its explanation on the next line.
constexpr std::size_t widest_word = 32;

std::string word_of(const CommandForm::Option& option) {
    const std::string name = option.name == "--help" ? "-h, --help" : option.name;
    return option.value_name.empty() ? name : name + " " + option.value_name;
}

std::string word_of(const CommandEntry& command) {
    return *command.alias == '\0' ? command.name
                                  : fmt::format("{}, {}", command.name, command.alias);
}

/// Words in one column, and what they mean in the other.
class Columns {
public:
    void make_room_for(const std::string& word) {
        if (word.size() <= widest_word) width_ = std::max(width_, word.size());
    }

    std::string row(const std::string& word, std::string_view meaning) const {
        const std::string indent(width_ + 4, ' ');
        std::string line = fmt::format("  {:<{}}", word, width_);
        std::string text;
        if (word.size() > width_) text = std::exchange(line, indent) + "\n";
        line.resize(width_ + 3, ' ');
        while (!meaning.empty()) {
            const auto next = meaning.substr(0, meaning.find(' '));
            if (line.size() + 1 + next.size() > page_columns && line.back() != ' ') {
                text += std::exchange(line, indent.substr(1)) + "\n";
            }
            line.append(" ").append(next);
            meaning.remove_prefix(std::min(next.size() + 1, meaning.size()));
        }
        return text + line + "\n";
    }

private:
    std::size_t width_ = 0;
};

/// Options, each under its heading.
std::string options_of(const CommandForm& form, const Columns& columns) {
    std::string text;
    std::string_view heading;
    for (const auto& option : form.options) {
        if (option.name == "-h") continue;  // it stands with --help
        if (option.heading != heading) text += fmt::format("\n{}:\n", option.heading);
        heading = option.heading;
        text += columns.row(word_of(option), option.help);
    }
    return text;
}

/// ` [OPTION]... ID|PATTERN`
std::string usage_of(const CommandEntry& command, const CommandForm& form) {
    std::string usage;
    const auto is_own = [](const auto& option) { return option.heading != everywhere; };
    if (std::any_of(form.options.begin(), form.options.end(), is_own)) usage += " [OPTION]...";
    if (form.operand.empty()) return usage;
    usage += command.operand == Operand::optional ? " [" + form.operand + "]" : " " + form.operand;
    return form.most_operands > 1 ? usage + "..." : usage;
}

}  // namespace

std::string_view first_sentence(std::string_view text) {
    text = text.substr(0, text.find('\n'));
    if (text.ends_with('.')) text.remove_suffix(1);
    return text.substr(0, text.find(". "));
}

std::string help_page(const CommandEntry& command, const CommandForm& form) {
    Columns columns;
    columns.make_room_for(form.operand);
    for (const auto& option : form.options) columns.make_room_for(word_of(option));
    std::string page = fmt::format("{}\nUsage: smtpblock {}{}\n", command.help, command.name,
                                   usage_of(command, form));
    if (!form.operand.empty()) page += "\n" + columns.row(form.operand, form.operand_help);
    return page + options_of(form, columns);
}

std::string help_page(const CommandForm& form) {
    Columns columns;
    for (const CommandEntry& command : command_entries()) columns.make_room_for(word_of(command));
    std::string page =
        fmt::format("{}\nUsage: smtpblock COMMAND [OPTION]...\n\nCommands:\n", help::program);
    CommandGroup group = command_entries().front().group;
    for (const CommandEntry& command : command_entries()) {
        if (std::exchange(group, command.group) != command.group) page += "\n";
        page += columns.row(word_of(command), first_sentence(command.help));
    }
    Columns wider;
    for (const auto& option : form.options) wider.make_room_for(word_of(option));
    return page + options_of(form, wider) +
           "\n'smtpblock help COMMAND' explains a command, smtpblock(1) all of them.\n";
}

}  // namespace smtpblock
