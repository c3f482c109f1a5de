// A table of Postfix as access(5) describes it: a key and an action a line, a line that begins with
// white space goes on with the one before. What keys and actions become:
//
//   user@domain, user@, <>     the same
//   domain                     that domain; Postfix may match below it as well, which is another
//                              key here: notes() says so
//   .domain                    *.domain
//   192.0.2, 2001:db8:1        of type ehlo: 192.0.2.0/24, 2001:db8:1::/48
//   REJECT, 5xx text           reject
//   DEFER…, 4xx text           defer
//   OK, RELAY, PERMIT, digits  allow
//   WARN                       log
//
// The text behind the action becomes the description. Every other action does something that no
// rule does, and is a bad line.
#pragma once

#include <string>

#include "cli/rule_file.h"

namespace smtpblock {

class PostfixRuleFile final : public RuleFile {
public:
    PostfixRuleFile(OctetSource source, RuleFileOptions options)
        : RuleFile(std::move(options)), lines_(std::move(source)) {}

    std::vector<std::string> notes() const override;

private:
    Result<bool> read(Entry& entry) override;
    Result<bool> read_logical_line(Entry& entry);
    void take_key(std::string_view key, Entry& entry);
    static void take_action(std::string_view action, std::string_view text, Entry& entry);

    LineReader lines_;
    std::optional<LineReader::Line> next_;  ///< read already; it begins a line of its own
    std::string line_;
    std::string pattern_;
    std::uint64_t domains_ = 0;  ///< taken without what is below them
};

}  // namespace smtpblock
