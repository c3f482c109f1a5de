#include "cli/rule_file_csv.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cli/suggestion.h"
#include "common/text.h"

namespace smtpblock {
namespace {

const std::vector<std::string> column_names{"type",   "pattern", "dir",
                                            "action", "expires", "description"};

bool is_column_name(std::string_view field) {
    return std::any_of(column_names.begin(), column_names.end(),
                       [&](const auto& name) { return equal_ignoring_case(name, field); });
}

}  // namespace

std::optional<CsvRuleFile::Column> CsvRuleFile::column_of(std::string_view name) {
    for (std::size_t i = 0; i < column_names.size(); ++i)
        if (equal_ignoring_case(column_names[i], name)) return static_cast<Column>(i);
    return std::nullopt;
}

Result<bool> CsvRuleFile::read(Entry& entry) {
    for (;;) {
        auto got = read_record(entry);
        if (!got || !*got || !entry.fault.empty()) return got;
        if (fields_.size() == 1 && fields_.front().empty()) continue;  // a blank line
        if (columns_.empty()) {
            const bool is_header = std::any_of(fields_.begin(), fields_.end(), is_column_name) &&
                                   !rule_type_of(fields_.front());
            if (is_header) {
                entry.fault = take_header();
                if (entry.fault.empty()) continue;
                entry.hopeless = true;
                return true;
            }
            for (std::size_t i = 0; i < column_names.size(); ++i)
                columns_.push_back(static_cast<Column>(i));
        }
        fill(entry);
        return true;
    }
}

/// The next record's fields. False at the end of the file.
Result<bool> CsvRuleFile::read_record(Entry& entry) {
    const auto line = lines_.next();
    if (!line) return Failure(line.error());
    if (!*line) return false;
    entry.line = (*line)->number;
    entry.fault = fault_of(**line);
    fields_.clear();
    if (!entry.fault.empty()) return true;
    if ((*line)->text.find('"') == std::string_view::npos) {
        split(without_carriage_return((*line)->text));
        return true;
    }
    auto done = split_quoted(**line, entry.fault);
    if (!done) return std::move(done).failure();
    return true;
}

void CsvRuleFile::split(std::string_view line) {
    for (;;) {
        const auto comma = line.find(',');
        fields_.push_back(without_blanks_around(line.substr(0, comma)));
        if (comma == std::string_view::npos) return;
        line.remove_prefix(comma + 1);
    }
}

/// A record that has quotes in it, and may go on over several lines.
Result<void> CsvRuleFile::split_quoted(LineReader::Line line, std::string& fault) {
    at_ = At::field_start;
    octets_.clear();
    ranges_.clear();
    field_begin_ = 0;
    for (;;) {
        fault = take_octets(line.text);
        if (!fault.empty()) return {};
        if (at_ != At::quoted) break;
        octets_ += '\n';
        const auto more = lines_.next();
        if (!more) return Failure(more.error());
        if (!*more) {
            fault = "a quote is opened here and never closed";
            return {};
        }
        line = **more;
        fault = fault_of(line);
        if (fault.empty() && octets_.size() + line.text.size() > line_octets)
            fault = fmt::format("longer than {} octets; is a quote not closed?", line_octets);
        if (!fault.empty()) return {};
    }
    end_field();
    for (const auto& [begin, end] : ranges_)
        fields_.push_back(std::string_view(octets_).substr(begin, end - begin));
    return {};
}

/// Takes one line of a record; says what is wrong with it.
std::string CsvRuleFile::take_octets(std::string_view line) {
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        const bool at_end = c == '\r' && i + 1 == line.size();
        switch (at_) {
            case At::field_start:
                if (c == '"')
                    at_ = At::quoted;
                else if (c == ',')
                    end_field();
                else if (!is_blank(c) && !at_end) {
                    at_ = At::plain;
                    octets_ += c;
                }
                break;
            case At::plain:
                if (c == '"') return "a quote in the middle of a field; put the whole in quotes";
                if (c == ',')
                    end_field();
                else if (!at_end)
                    octets_ += c;
                break;
            case At::quoted:
                if (c == '"')
                    at_ = At::quoted_quote;
                else
                    octets_ += c;
                break;
            case At::quoted_quote:
                if (c == '"') {
                    octets_ += c;
                    at_ = At::quoted;
                    break;
                }
                at_ = At::closed;
                [[fallthrough]];
            case At::closed:
                if (c == ',')
                    end_field();
                else if (!is_blank(c) && !at_end)
                    return "text behind a closing quote; a quote in a field is written twice";
                break;
        }
    }
    return {};
}

void CsvRuleFile::end_field() {
    std::size_t end = octets_.size();
    if (at_ == At::plain)
        while (end > field_begin_ && is_blank(octets_[end - 1])) --end;
    ranges_.emplace_back(field_begin_, end);
    field_begin_ = octets_.size();
    at_ = At::field_start;
}

/// Says what is wrong with it.
std::string CsvRuleFile::take_header() {
    for (const std::string_view name : fields_) {
        const auto column = column_of(name);
        if (!column)
            return fmt::format("{}: no such column{}; the columns are {}", quoted(name),
                               did_you_mean(name, column_names), fmt::join(column_names, ", "));
        if (std::find(columns_.begin(), columns_.end(), *column) != columns_.end())
            return fmt::format("{}: the column stands there twice", quoted(name));
        columns_.push_back(*column);
    }
    if (std::find(columns_.begin(), columns_.end(), Column::pattern) == columns_.end())
        return "no column is called pattern";
    return {};
}

void CsvRuleFile::fill(Entry& entry) const {
    if (fields_.size() > columns_.size()) {
        entry.fault =
            fmt::format("{} fields for {} column{}; a field with a comma stands in quotes",
                        fields_.size(), columns_.size(), columns_.size() == 1 ? "" : "s");
        return;
    }
    bool has_pattern = false;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        const auto said = fields_[i].empty() ? std::nullopt : std::optional(fields_[i]);
        switch (columns_[i]) {
            case Column::type:
                entry.type = said;
                break;
            case Column::pattern:
                has_pattern = true;
                entry.pattern = fields_[i];
                break;
            case Column::direction:
                entry.direction = said;
                break;
            case Column::action:
                entry.action = said;
                break;
            case Column::expires:
                entry.expires = said;
                break;
            case Column::description:
                entry.description = said;
                break;
        }
    }
    if (!has_pattern)
        entry.fault =
            "no pattern; without a header line the columns are type, pattern, dir, action, "
            "expires, "
            "description";
}

}  // namespace smtpblock
