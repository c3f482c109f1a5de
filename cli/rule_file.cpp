#include "cli/rule_file.h"

#include <utility>

#include "cli/meanings.h"
#include "cli/rule_file_csv.h"
#include "cli/rule_file_json.h"
#include "cli/rule_file_postfix.h"
#include "cli/rule_file_text.h"
#include "common/store.h"
#include "common/text.h"
#include "common/time_text.h"

namespace smtpblock {
namespace {

/// What `meant` makes of a written word; `otherwise` when nothing is written.
template <class T, class Meant>
Result<T> meaning(const std::optional<std::string_view>& written, T otherwise, Meant meant) {
    if (!written) return otherwise;
    return meant(*written);
}

Result<RuleType> type_of_rule(const std::optional<std::string_view>& written,
                              std::string_view pattern, const RuleDefaults& defaults) {
    if (written) {
        if (const auto type = rule_type_of(*written)) return *type;
        return type_meant(std::string(*written));
    }
    const auto type = defaults.type ? defaults.type : evident_type(pattern);
    if (type) return *type;
    return fail(ErrorCode::bad_input,
                "{}: a domain or an EHLO name; add --type email or --type ehlo", quoted(pattern));
}

}  // namespace

std::unique_ptr<RuleFile> RuleFile::open(RuleFormat format, OctetSource source,
                                         RuleFileOptions options) {
    switch (format) {
        case RuleFormat::json:
            return json_rule_file(std::move(source), std::move(options));
        case RuleFormat::csv:
            return std::make_unique<CsvRuleFile>(std::move(source), std::move(options));
        case RuleFormat::text:
            return std::make_unique<TextRuleFile>(std::move(source), std::move(options));
        case RuleFormat::postfix:
            return std::make_unique<PostfixRuleFile>(std::move(source), std::move(options));
    }
    return nullptr;
}

Result<std::optional<FedRule>> RuleFile::next() {
    const bool fails = options_.on_bad_line == OnBadLine::fail;
    while (!entry_.hopeless) {
        entry_.clear();
        auto read = this->read(entry_);
        if (!read) return std::move(read).failure();
        if (!*read) break;
        if (entry_.fault.empty()) {
            auto rule = rule_of(entry_);
            if (rule && expired(rule->expires, options_.now)) {
                ++run_out_;
                continue;
            }
            if (rule && fails && bad_lines_ > 0) continue;  // only to find the other bad ones
            if (rule) return std::optional(FedRule{*std::move(rule), entry_.line});
            entry_.fault = rule.error().message;
        }
        ++bad_lines_;
        options_.tell(entry_.line, entry_.fault);
    }
    if (entry_.hopeless || (fails && bad_lines_ > 0))
        return fail(ErrorCode::bad_input, "{}: {}; nothing was changed{}", printable(options_.name),
                    bad_lines_ == 1 ? "a bad line" : fmt::format("{} bad lines", bad_lines_),
                    entry_.hopeless ? "" : options_.way_out);
    return std::optional<FedRule>{};
}

void RuleFile::Entry::clear() {
    fault.clear();
    type.reset();
    direction.reset();
    action.reset();
    expires.reset();
    description.reset();
}

std::vector<std::string> RuleFile::notes() const {
    if (run_out_ == 0) return {};
    return {run_out_ == 1 ? "a rule that has run out was left out"
                          : fmt::format("{} rules that have run out were left out", run_out_)};
}

Result<NewRule> RuleFile::rule_of(const Entry& entry) const {
    const RuleDefaults& otherwise = options_.defaults;
    const auto type = type_of_rule(entry.type, entry.pattern, otherwise);
    if (!type) return Failure(type.error());
    auto pattern = Pattern::parse(*type, entry.pattern);
    if (!pattern) return std::move(pattern).failure();
    if (auto narrow = check_breadth(*pattern, entry.pattern, options_.may_match_everything);
        !narrow)
        return std::move(narrow).failure();
    const auto direction =
        meaning(entry.direction, otherwise.direction, [](std::string_view written) {
            const auto known = direction_of(written);
            return known ? Result(*known) : direction_meant(std::string(written));
        });
    if (!direction) return Failure(direction.error());
    const auto action = meaning(entry.action, otherwise.action, [](std::string_view written) {
        const auto known = action_of(written);
        return known ? Result(*known) : action_meant(std::string(written));
    });
    if (!action) return Failure(action.error());
    NewRule rule{std::move(*pattern), *direction, *action, otherwise.description,
                 otherwise.expires};
    if (entry.expires) {
        const auto expires = parse_time(*entry.expires, options_.now);
        if (!expires) return Failure(expires.error());
        rule.expires = *expires;
    }
    if (entry.description) {
        const std::string_view description = *entry.description;
        if (!is_utf8(description) || description.find('\0') != std::string_view::npos)
            return fail(ErrorCode::bad_input, "{}: the description is no text in UTF-8",
                        quoted(description.substr(0, 80)));
        if (description.size() > description_octets)
            return fail(ErrorCode::bad_input, "a description of {} octets; the most is {}",
                        description.size(), description_octets);
        rule.description = description;
    }
    return rule;
}

std::string fault_of(const LineReader::Line& line) {
    if (line.too_long) return fmt::format("longer than {} octets", line_octets);
    if (line.text.find('\0') != std::string_view::npos) return "a NUL octet: this is no text file";
    return {};
}

}  // namespace smtpblock
