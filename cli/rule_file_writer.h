// Rules as a file that rule_file.h reads back: json and csv carry all that makes a rule, text its
// pattern alone; notes() says what that leaves out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/rule_file.h"
#include "common/rule.h"

namespace smtpblock {

class RuleFileWriter {
public:
    /// json, csv or text.
    explicit RuleFileWriter(RuleFormat format) : format_(format) {}

    /// What stands before the rules, with its newline.
    std::string header() const;
    /// The rule with its newline; nothing when the format has no way to write it. Valid until the
    /// next call.
    std::string_view line(const Rule& rule);
    /// What was lost, as sentences.
    std::vector<std::string> notes() const;

private:
    void write_csv(const Rule& rule);
    void write_text(const Rule& rule);

    RuleFormat format_;
    std::string line_;

    // What text cannot carry: of how many rules.
    std::uint64_t email_types_ = 0;
    std::uint64_t ehlo_types_ = 0;
    std::uint64_t directions_ = 0;
    std::uint64_t actions_ = 0;
    std::uint64_t ends_ = 0;
    std::uint64_t descriptions_ = 0;
    std::uint64_t left_out_ = 0;
};

}  // namespace smtpblock
