// One pattern a line. Blank lines are skipped; so is what begins with `#`, at the start of a line
// or behind white space outside quotes. Everything else is as the options say.
#pragma once

#include "cli/rule_file.h"

namespace smtpblock {

class TextRuleFile final : public RuleFile {
public:
    TextRuleFile(OctetSource source, RuleFileOptions options)
        : RuleFile(std::move(options)), lines_(std::move(source)) {}

private:
    Result<bool> read(Entry& entry) override;

    LineReader lines_;
};

/// `line` without white space around it and without its comment.
std::string_view without_comment(std::string_view line);

}  // namespace smtpblock
