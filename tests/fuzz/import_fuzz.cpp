// A file of rules. The first octet says in which format, the second in what pieces it is read.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "cli/rule_file_writer.h"
#include "fuzz/require.h"
#include "unit/rule_file_support.h"

namespace smtpblock::fuzz {
namespace {

struct Imported {
    std::vector<Rule> rules;
    std::vector<std::string> faults;  ///< `4 '…': …`
    bool failed = false;
    std::vector<std::string> notes;
};

Imported read(RuleFormat format, std::string_view text, std::size_t piece) {
    Imported out;
    const auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    RuleFileOptions options;
    options.name = "FILE";
    options.now = test::noon;
    options.on_bad_line = OnBadLine::skip;
    options.may_match_everything = true;
    options.tell = [&](std::uint64_t line, const std::string& why) {
        require(line >= 1 && line <= lines, "a bad line is one of the file");
        require(!why.empty() && std::none_of(why.begin(), why.end(), is_control),
                "and one line says why");
        out.faults.push_back(fmt::format("{} {}", line, why));
    };
    const auto file = RuleFile::open(format, test::source_of(text, piece), std::move(options));
    for (;;) {
        auto fed = file->next();
        out.failed = !fed;
        if (!fed || !*fed) break;
        NewRule& rule = (*fed)->rule;
        require((*fed)->line >= 1 && (*fed)->line <= lines, "a rule stands on a line");
        out.rules.push_back({.id = out.rules.size() + 1,
                             .pattern = std::move(rule.pattern),
                             .direction = rule.direction,
                             .action = rule.action,
                             .description = std::move(rule.description),
                             .by = "",
                             .created = test::noon,
                             .updated = test::noon,
                             .expires = rule.expires});
    }
    out.notes = file->notes();
    return out;
}

void require_same(const std::vector<Rule>& a, const std::vector<Rule>& b, const char* what) {
    const auto same = [](const Rule& one, const Rule& other) {
        return one.pattern == other.pattern && same_settings(one, other);
    };
    require(std::equal(a.begin(), a.end(), b.begin(), b.end(), same), what);
}

void comes_back(RuleFormat format, const std::vector<Rule>& rules) {
    RuleFileWriter writer(format);
    std::string text = writer.header();
    for (const Rule& rule : rules) text += writer.line(rule);
    const Imported again = read(format, text, text.size() + 1);
    require(again.faults.empty() && !again.failed, "what is exported is read");
    require_same(again.rules, rules, "and says the same");
}

}  // namespace
}  // namespace smtpblock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace smtpblock;
    constexpr std::array formats{RuleFormat::json, RuleFormat::csv, RuleFormat::text,
                                 RuleFormat::postfix};
    if (size < 2) return 0;
    const RuleFormat format = formats[data[0] % formats.size()];
    const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
    const fuzz::Imported whole = fuzz::read(format, text, text.size() + 1);
    const fuzz::Imported parts = fuzz::read(format, text, 1 + data[1] % 16U);
    fuzz::require_same(parts.rules, whole.rules, "however it is read, the rules are the same");
    fuzz::require(
        parts.faults == whole.faults && parts.failed == whole.failed && parts.notes == whole.notes,
        "and so is what is said of it");
    fuzz::comes_back(RuleFormat::json, whole.rules);
    fuzz::comes_back(RuleFormat::csv, whole.rules);
    return 0;
}
