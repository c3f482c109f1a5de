// What the contract's sections 2 and 3 say of a decision, done the slow way: every rule against
// every value, as texts, without keys and without anything that decide() is made of. Reads ASCII
// only, and of address literals those in the table below.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "common/rule.h"

namespace smtpblock::test {

struct SlowRule {
    std::string type, pattern, action, direction;  ///< as written
    int expires = 0;                               ///< 0: never
    RuleId id = 0;
    std::string glob;  ///< the canonical form when it is one; else empty

    std::string line() const {
        return type + " " + pattern + " " + action + " " + direction +
               (expires != 0 ? " until=" + std::to_string(expires) : "") +
               " id=" + std::to_string(id);
    }
};

struct SlowValue {
    std::string type;   ///< email or ehlo
    std::string field;  ///< sender, user, ehlo
    std::string text;   ///< as written
};

struct SlowQuery {
    int now = 0;
    std::string delimiter, auth_domain, email_direction, ehlo_direction;
    std::vector<SlowValue> values;  ///< in the order of testing
};

struct SlowDecision {
    std::string verdict = "pass";
    RuleId deciding = 0;
    std::string field;
    std::multiset<std::string> matches;  ///< `ID field`

    friend bool operator==(const SlowDecision&, const SlowDecision&) = default;
};

/// How specific a match is: the kind, in the contract's order, then its length; 0: none.
using Specificity = std::pair<int, std::size_t>;
inline constexpr Specificity no_match{0, 0};

inline std::string small(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (text.size() > 1 && text.back() == '.') text.pop_back();
    return text;
}

/// An address literal: how globs see it, and its bits.
struct SlowLiteral {
    std::string bracketed, bare, bits;
};

inline std::string bits_of(std::string_view hex) {
    std::string bits;
    for (const char digit : hex) {
        const unsigned value = std::string_view("0123456789abcdef").find(digit) & 0xfU;
        for (unsigned bit = 8; bit != 0; bit /= 2) bits += (value & bit) != 0 ? '1' : '0';
    }
    return bits;
}

inline const SlowLiteral* literal(const std::string& text) {
    static const SlowLiteral seven{"[192.0.2.7]", "192.0.2.7", bits_of("c0000207")};
    static const SlowLiteral eight{"[192.0.2.8]", "192.0.2.8", bits_of("c0000208")};
    static const SlowLiteral v6{"[ipv6:2001:db8::1]", "2001:db8::1",
                                bits_of("20010db8000000000000000000000001")};
    static const std::map<std::string, const SlowLiteral*> all{{"192.0.2.7", &seven},
                                                               {"[192.0.2.7]", &seven},
                                                               {"[ipv6:::ffff:192.0.2.7]", &seven},
                                                               {"192.0.2.8", &eight},
                                                               {"[192.0.2.8]", &eight},
                                                               {"2001:db8::1", &v6},
                                                               {"[ipv6:2001:db8::1]", &v6},
                                                               {"[ipv6:2001:db8:0::1]", &v6}};
    const auto found = all.find(small(text));
    return found == all.end() ? nullptr : found->second;
}

/// The bits that an address in the prefix begins with; `none` when it is no prefix.
inline std::string prefix_bits(const std::string& text) {
    static const std::map<std::string, std::string> all{
        {"192.0.2.0/24", bits_of("c00002")},
        {"192.0.2.6/31", bits_of("c0000206").substr(0, 31)},
        {"192.0.0.0/16", bits_of("c000")},
        {"192.0.2.8/29", bits_of("c0000208").substr(0, 29)},
        {"128.0.0.0/1", "1"},
        {"0.0.0.0/0", ""},
        {"2001:db8::/32", bits_of("20010db8")},
        {"2001:db8::/127", bits_of("20010db8000000000000000000000001").substr(0, 127)},
        {"8000::/1", "1"},
        {"::/0", ""}};
    const auto found = all.find(text);
    return found == all.end() ? "none" : found->second;
}

inline bool slow_glob(std::string_view glob, std::string_view value) {
    if (glob.empty()) return value.empty();
    if (glob.front() == '*')
        return slow_glob(glob.substr(1), value) ||
               (!value.empty() && slow_glob(glob, value.substr(1)));
    if (value.empty()) return false;
    if (glob.front() == '?') return slow_glob(glob.substr(1), value.substr(1));
    if (glob.starts_with("\\*") || glob.starts_with("\\?")) glob.remove_prefix(1);
    return glob.front() == value.front() && slow_glob(glob.substr(1), value.substr(1));
}

struct SlowParts {
    std::string local, domain;
};

inline SlowParts parts(const std::string& text) {
    const auto at = text.rfind('@');
    SlowParts out{small(text.substr(0, at)),
                  at == std::string::npos ? "" : small(text.substr(at + 1))};
    if (out.local.size() > 1 && out.local.front() == '"')
        out.local = out.local.substr(1, out.local.size() - 2);
    return out;
}

inline bool is_base(const std::string& base, const std::string& local,
                    const std::string& delimiter) {
    return !base.empty() && local.size() > base.size() && local.starts_with(base) &&
           delimiter.find(local[base.size()]) != std::string::npos;
}

inline Specificity email_match(const SlowRule& rule, const std::string& value,
                               const SlowQuery& query) {
    auto [local, domain] = parts(value);
    if (value.find('@') == std::string::npos) domain = small(query.auth_domain);
    if (!rule.glob.empty()) {
        const std::string whole = value == "<>" ? "" : local + (domain.empty() ? "" : "@" + domain);
        return slow_glob(rule.glob, whole) ? Specificity{1, rule.glob.size()} : no_match;
    }
    const std::string& pattern = rule.pattern;
    if (value == "<>" || pattern == "<>") return value == pattern ? Specificity{9, 0} : no_match;
    if (pattern.find('@') == std::string::npos || pattern.front() == '@') {
        const std::string name = small(pattern.front() == '@' ? pattern.substr(1) : pattern);
        if (!name.starts_with("*.")) return domain == name ? Specificity{7, 0} : no_match;
        return domain.ends_with(name.substr(1)) ? Specificity{6, name.size()} : no_match;
    }
    const auto wanted = parts(pattern);
    const bool exact = local == wanted.local;
    const bool base = is_base(wanted.local, local, query.delimiter);
    const Specificity based{wanted.domain.empty() ? 4 : 8, wanted.local.size()};
    if (!wanted.domain.empty() && domain != wanted.domain) return no_match;
    if (exact) return {wanted.domain.empty() ? 5 : 9, 0};
    return base ? based : no_match;
}

inline Specificity ehlo_match(const SlowRule& rule, const std::string& value) {
    const std::string wanted = rule.pattern == "\"\"" ? "" : small(rule.pattern);
    const std::string name = small(value);
    const SlowLiteral* const address = literal(name);
    if (!rule.glob.empty()) {
        const bool matches = address == nullptr ? slow_glob(rule.glob, name)
                                                : slow_glob(rule.glob, address->bracketed) ||
                                                      slow_glob(rule.glob, address->bare);
        return matches ? Specificity{1, rule.glob.size()} : no_match;
    }
    if (const std::string bits = prefix_bits(wanted); bits != "none") {
        const bool v6 = wanted.find(':') != std::string::npos;
        const bool inside = address != nullptr && (address->bits.size() == 128) == v6 &&
                            address->bits.starts_with(bits);
        return inside ? Specificity{6, bits.size()} : no_match;
    }
    if (address != nullptr || literal(wanted) != nullptr)
        return literal(wanted) == address ? Specificity{9, 0} : no_match;
    if (!wanted.starts_with("*.")) return wanted == name ? Specificity{9, 0} : no_match;
    return name.ends_with(wanted.substr(1)) ? Specificity{6, wanted.size()} : no_match;
}

inline bool applies(const SlowRule& rule, const SlowQuery& query) {
    const std::string& asked = rule.type == "email" ? query.email_direction : query.ehlo_direction;
    return (rule.expires == 0 || query.now < rule.expires) &&
           (rule.direction == "both" || asked == "both" || rule.direction == asked);
}

inline SlowDecision slowly(const std::vector<SlowRule>& rules, const SlowQuery& query) {
    SlowDecision out;
    std::vector<std::pair<const SlowRule*, std::string>> picks;
    for (const SlowValue& value : query.values) {
        const SlowRule* pick = nullptr;
        Specificity best = no_match;
        for (const SlowRule& rule : rules) {
            if (rule.type != value.type || !applies(rule, query)) continue;
            const Specificity how = rule.type == "email" ? email_match(rule, value.text, query)
                                                         : ehlo_match(rule, value.text);
            if (how == no_match) continue;
            out.matches.insert(std::to_string(rule.id) + " " + value.field);
            if (rule.action == "log" || how < best) continue;
            if (how == best && pick != nullptr && pick->id < rule.id) continue;
            pick = &rule;
            best = how;
        }
        if (pick != nullptr) picks.emplace_back(pick, value.field);
    }
    for (const std::string action : {"reject", "defer", "allow"})
        for (const auto& [rule, field] : picks) {
            if (rule->action != action) continue;
            out.verdict = action == "allow" ? "pass" : action;
            out.deciding = rule->id;
            out.field = field;
            return out;
        }
    return out;
}

}  // namespace smtpblock::test
