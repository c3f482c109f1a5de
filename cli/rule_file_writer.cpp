#include "cli/rule_file_writer.h"

#include "cli/rule_file_text.h"
#include "cli/rule_text.h"
#include "common/time_text.h"

namespace smtpblock {
namespace {

void append_field(std::string& line, std::string_view field) {
    const bool is_plain = field.find_first_of("\",\r\n") == std::string_view::npos &&
                          without_blanks_around(field).size() == field.size();
    if (is_plain) {
        line += field;
        return;
    }
    line += '"';
    for (const char c : field) {
        if (c == '"') line += '"';
        line += c;
    }
    line += '"';
}

}  // namespace

std::string RuleFileWriter::header() const {
    return format_ == RuleFormat::csv ? "type,pattern,dir,action,expires,description\n" : "";
}

std::string_view RuleFileWriter::line(const Rule& rule) {
    line_.clear();
    if (format_ == RuleFormat::csv)
        write_csv(rule);
    else if (format_ == RuleFormat::text)
        write_text(rule);
    else
        line_ = json_of(rule).text() + '\n';
    return line_;
}

void RuleFileWriter::write_csv(const Rule& rule) {
    line_ += word(rule.pattern.type());
    line_ += ',';
    append_field(line_, rule.pattern.text());
    line_ += ',';
    line_ += word(rule.direction);
    line_ += ',';
    line_ += word(rule.action);
    line_ += ',';
    if (rule.expires) line_ += utc_text(*rule.expires);
    line_ += ',';
    append_field(line_, rule.description);
    line_ += '\n';
}

void RuleFileWriter::write_text(const Rule& rule) {
    const std::string pattern = rule.pattern.text();
    if (without_comment(pattern) != pattern) {
        ++left_out_;
        return;
    }
    line_ += pattern;
    line_ += '\n';
    if (evident_type(pattern) != rule.pattern.type())
        ++(rule.pattern.type() == RuleType::email ? email_types_ : ehlo_types_);
    if (rule.direction != Direction::both) ++directions_;
    if (rule.action != Action::reject) ++actions_;
    if (rule.expires) ++ends_;
    if (!rule.description.empty()) ++descriptions_;
}

std::vector<std::string> RuleFileWriter::notes() const {
    std::vector<std::string> notes;
    if (left_out_ != 0)
        notes.push_back(
            left_out_ == 1
                ? "1 pattern reads as a comment and was left out"
                : fmt::format("{} patterns read as a comment and were left out", left_out_));
    if (email_types_ != 0 && ehlo_types_ != 0)
        notes.emplace_back("text does not tell domains from EHLO names; export --type one by one");
    else if (email_types_ + ehlo_types_ != 0)
        notes.push_back(fmt::format("import it with --type {}",
                                    word(email_types_ != 0 ? RuleType::email : RuleType::ehlo)));
    std::string lost;
    const auto tell = [&](std::uint64_t rules, std::string_view what) {
        if (rules != 0)
            lost += fmt::format("{}{} {}{}", lost.empty() ? "" : ", ", rules, what,
                                rules == 1 ? "" : "s");
    };
    tell(directions_, "direction");
    tell(actions_, "action");
    tell(ends_, "end");
    tell(descriptions_, "description");
    if (!lost.empty())
        notes.push_back(
            fmt::format("text carries patterns alone; lost: {}; json and csv keep them", lost));
    return notes;
}

}  // namespace smtpblock
