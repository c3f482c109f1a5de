#include "cli/rule_file_text.h"

namespace smtpblock {

Result<bool> TextRuleFile::read(Entry& entry) {
    for (;;) {
        const auto line = lines_.next();
        if (!line) return Failure(line.error());
        if (!*line) return false;
        entry.line = (*line)->number;
        entry.fault = fault_of(**line);
        entry.pattern = without_comment((*line)->text);
        if (!entry.fault.empty() || !entry.pattern.empty()) return true;
    }
}

std::string_view without_comment(std::string_view line) {
    line = without_blanks_around(without_carriage_return(line));
    bool in_quotes = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\\')
            ++i;
        else if (line[i] == '"')
            in_quotes = !in_quotes;
        else if (line[i] == '#' && !in_quotes && (i == 0 || is_blank(line[i - 1])))
            return without_blanks_around(line.substr(0, i));
    }
    return line;
}

}  // namespace smtpblock
