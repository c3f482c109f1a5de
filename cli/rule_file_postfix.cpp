#include "cli/rule_file_postfix.h"

#include <algorithm>
#include <array>

#include "common/ip_address.h"
#include "common/text.h"

namespace smtpblock {
namespace {

struct KnownAction {
    std::string_view name;
    std::string_view action;
};
constexpr std::array<KnownAction, 8> known_actions{{{"REJECT", "reject"},
                                                    {"DEFER", "defer"},
                                                    {"DEFER_IF_PERMIT", "defer"},
                                                    {"DEFER_IF_REJECT", "defer"},
                                                    {"OK", "allow"},
                                                    {"RELAY", "allow"},
                                                    {"PERMIT", "allow"},
                                                    {"WARN", "log"}}};

bool is_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

/// How many parts a text has between the separators, each of which `is_part`; 0 when one is not.
template <class IsPart>
std::size_t parts_of(std::string_view text, char separator, IsPart is_part) {
    for (std::size_t parts = 1;; ++parts) {
        const auto end = text.find(separator);
        if (!is_part(text.substr(0, end))) return 0;
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::size_t octets_of_v4(std::string_view key) {
    return parts_of(key, '.',
                    [](std::string_view part) { return is_digits(part) && part.size() <= 3; });
}

std::size_t groups_of_v6(std::string_view key) {
    return parts_of(key, ':', [](std::string_view part) {
        return !part.empty() && part.size() <= 4 &&
               std::all_of(part.begin(), part.end(), [](char c) {
                   return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f');
               });
    });
}

/// A client's address, or the network of one.
bool is_address(std::string_view key) {
    const auto slash = key.find('/');
    return octets_of_v4(key) != 0 || groups_of_v6(key) > 1 ||
           (key.find('@') == std::string_view::npos && IpAddress::parse(key.substr(0, slash)));
}

/// `192.0.2` is `192.0.2.0/24`: what lacks octets is a network. One number alone is a name.
std::string network_written_out(std::string_view key) {
    const std::size_t octets = octets_of_v4(key);
    if (octets == 2 || octets == 3) {
        std::string network(key);
        for (std::size_t i = octets; i < 4; ++i) network += ".0";
        return fmt::format("{}/{}", network, 8 * octets);
    }
    const std::size_t groups = groups_of_v6(key);
    if (groups > 1 && groups < 8) return fmt::format("{}::/{}", key, 16 * groups);
    return std::string(key);
}

/// The end of a key, which may begin with a quoted local part.
std::size_t key_end(std::string_view line) {
    bool in_quotes = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\\' && in_quotes)
            ++i;
        else if (line[i] == '"')
            in_quotes = !in_quotes;
        else if (is_blank(line[i]) && !in_quotes)
            return i;
    }
    return line.size();
}

}  // namespace

std::vector<std::string> PostfixRuleFile::notes() const {
    auto all = RuleFile::notes();
    if (domains_ != 0)
        all.push_back(
            fmt::format("{} domain{} taken without what is below; Postfix matches that "
                        "as well unless parent_domain_matches_subdomains was changed",
                        domains_, domains_ == 1 ? " was" : "s were"));
    return all;
}

Result<bool> PostfixRuleFile::read(Entry& entry) {
    auto got = read_logical_line(entry);
    if (!got || !*got || !entry.fault.empty()) return got;
    const std::string_view line = line_;
    const std::size_t end = key_end(line);
    const std::string_view value = without_blanks_around(line.substr(end));
    const std::size_t word_end = std::min(value.find_first_of(" \t"), value.size());
    take_key(line.substr(0, end), entry);
    if (entry.fault.empty() && value.empty())
        entry.fault = fmt::format("{}: no action behind it", quoted(line.substr(0, end)));
    if (entry.fault.empty())
        take_action(value.substr(0, word_end), without_blanks_around(value.substr(word_end)),
                    entry);
    return true;
}

/// A line with those that go on with it. False at the end of the file.
Result<bool> PostfixRuleFile::read_logical_line(Entry& entry) {
    line_.clear();
    bool begun = false;
    for (;;) {
        if (!next_) {
            auto line = lines_.next();
            if (!line) return std::move(line).failure();
            if (!*line) return begun;
            next_ = **line;
        }
        const auto text = without_carriage_return(next_->text);
        const auto visible = without_blanks_around(text);
        std::string fault = fault_of(*next_);
        const bool is_comment = fault.empty() && (visible.empty() || visible.front() == '#');
        const bool goes_on = fault.empty() && !is_comment && is_blank(text.front());
        if (begun && !is_comment && !goes_on) return true;
        const std::uint64_t number = next_->number;
        next_.reset();
        if (is_comment) continue;
        if (!begun) entry.line = number;
        if (fault.empty() && goes_on && !begun)
            fault = "white space before it, but no line that it goes on with";
        if (fault.empty() && line_.size() + visible.size() > line_octets)
            fault = fmt::format("longer than {} octets", line_octets);
        entry.fault = std::move(fault);
        if (!entry.fault.empty()) return true;
        if (begun) line_ += ' ';
        line_ += visible;
        begun = true;
    }
}

void PostfixRuleFile::take_key(std::string_view key, Entry& entry) {
    const bool is_ehlo = defaults().type == RuleType::ehlo;
    pattern_ = key;
    entry.type = word(is_ehlo ? RuleType::ehlo : RuleType::email);
    if (key.starts_with('/') || key == "if" || key == "endif") {
        entry.fault = "a table of regular expressions cannot be read";
    } else if (key.find_first_of("*?") != std::string_view::npos) {
        entry.fault =
            fmt::format("{}: access(5) knows no * and ?; 'smtpblock add' does", quoted(key));
    } else if (!is_ehlo && is_address(key)) {
        entry.fault = fmt::format(
            "{}: a client's address is the firewall's business; of EHLO names it is --type ehlo",
            quoted(key));
    } else if (key.starts_with('.')) {
        pattern_.insert(0, 1, '*');
    } else if (is_ehlo) {
        pattern_ = network_written_out(key);
        if (!is_address(key)) ++domains_;
    } else if (key.find('@') == std::string_view::npos && key != "<>") {
        ++domains_;
    }
    entry.pattern = pattern_;
}

void PostfixRuleFile::take_action(std::string_view action, std::string_view text, Entry& entry) {
    const bool is_reply = action.size() == 3 && is_digits(action) && !text.empty() &&
                          (action.front() == '4' || action.front() == '5');
    if (is_reply) {
        entry.action = action.front() == '4' ? "defer" : "reject";
    } else if (is_digits(action) && text.empty()) {
        entry.action = "allow";
    } else {
        for (const KnownAction& known : known_actions)
            if (equal_ignoring_case(known.name, action)) entry.action = known.action;
    }
    if (!entry.action) {
        entry.fault = fmt::format("{}: no rule does what this action does", quoted(action));
        return;
    }
    if (!text.empty()) entry.description = text;
}

}  // namespace smtpblock
