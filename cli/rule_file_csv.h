// Comma-separated values (RFC 4180): a field in double quotes may hold commas, newlines, and quotes
// written twice. The first record may be a header that names the columns in any order; without one
// they are type, pattern, dir, action, expires, description. An empty field says nothing; columns
// at the end may be left out. Blanks around a field without quotes are dropped.
#pragma once

#include <string>
#include <vector>

#include "cli/rule_file.h"

namespace smtpblock {

class CsvRuleFile final : public RuleFile {
public:
    CsvRuleFile(OctetSource source, RuleFileOptions options)
        : RuleFile(std::move(options)), lines_(std::move(source)) {}

private:
    enum class Column : std::uint8_t { type, pattern, direction, action, expires, description };
    enum class At : std::uint8_t { field_start, plain, quoted, quoted_quote, closed };
    static std::optional<Column> column_of(std::string_view name);

    Result<bool> read(Entry& entry) override;
    Result<bool> read_record(Entry& entry);
    void split(std::string_view line);
    Result<void> split_quoted(LineReader::Line line, std::string& fault);
    std::string take_octets(std::string_view line);
    void end_field();
    std::string take_header();
    void fill(Entry& entry) const;

    LineReader lines_;
    std::vector<Column> columns_;  ///< empty before the first record
    std::vector<std::string_view> fields_;

    // A record with quotes: its fields without them, one after the other.
    At at_ = At::field_start;
    std::string octets_;
    std::size_t field_begin_ = 0;
    std::vector<std::pair<std::size_t, std::size_t>> ranges_;  ///< of fields in octets_
};

}  // namespace smtpblock
