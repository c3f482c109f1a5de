// decide() looks rules up by key. Here it is compared with what the contract's sections 2 and 3
// say, done the slow way: every rule against every value, as texts, without keys.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "unit/memory_rules.h"
#include "unit/seed.h"

namespace smtpblock {
namespace {

struct SlowRule {
    std::string type, pattern, action, direction;
    int expires = 0;  // 0: never
    RuleId id = 0;

    std::string line() const {
        return type + " " + pattern + " " + action + " " + direction +
               (expires != 0 ? " until=" + std::to_string(expires) : "") +
               " id=" + std::to_string(id);
    }
};

struct SlowValue {
    std::string type;   // email or ehlo
    std::string field;  // sender, user, ehlo
    std::string text;   // as written
};

struct SlowQuery {
    int now = 0;
    std::string delimiter, auth_domain, email_direction, ehlo_direction;
    std::vector<SlowValue> values;  // in the order of testing
};

std::string small(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (text.size() > 1 && text.back() == '.') text.pop_back();
    return text;
}

/// The literals of the alphabet below, by hand.
std::string literal(const std::string& text) {
    static const std::set<std::string> v4{"192.0.2.7", "[192.0.2.7]", "[ipv6:::ffff:192.0.2.7]"};
    static const std::set<std::string> v6{"2001:db8::1", "[ipv6:2001:db8::1]",
                                          "[ipv6:2001:db8:0::1]"};
    return v4.contains(text) ? "[4]" : v6.contains(text) ? "[6]" : "";
}

struct Parts {
    std::string local, domain;
};

Parts parts(const std::string& text) {
    const auto at = text.rfind('@');
    Parts out{small(text.substr(0, at)), at == std::string::npos ? "" : small(text.substr(at + 1))};
    if (out.local.size() > 1 && out.local.front() == '"')
        out.local = out.local.substr(1, out.local.size() - 2);
    return out;
}

bool is_base(const std::string& base, const std::string& local, const std::string& delimiter) {
    return !base.empty() && local.size() > base.size() && local.starts_with(base) &&
           delimiter.find(local[base.size()]) != std::string::npos;
}

/// How specific the match is, 0 when there is none.
std::size_t email_match(const std::string& pattern, const std::string& value,
                        const SlowQuery& query) {
    if (value == "<>" || pattern == "<>") return value == pattern ? 100000 : 0;
    auto [local, domain] = parts(value);
    if (value.find('@') == std::string::npos) domain = small(query.auth_domain);
    if (pattern.find('@') == std::string::npos || pattern.front() == '@') {
        const std::string name = small(pattern.front() == '@' ? pattern.substr(1) : pattern);
        if (!name.starts_with("*.")) return domain == name ? 70000 : 0;
        return domain.ends_with(name.substr(1)) ? 60000 + name.size() : 0;
    }
    const auto wanted = parts(pattern);
    const bool exact = local == wanted.local;
    const bool base = is_base(wanted.local, local, query.delimiter);
    if (wanted.domain.empty()) return exact ? 50000 : base ? 40000 + wanted.local.size() : 0;
    if (domain != wanted.domain) return 0;
    return exact ? 90000 : base ? 80000 + wanted.local.size() : 0;
}

std::size_t ehlo_match(const std::string& pattern, const std::string& value) {
    const std::string wanted = pattern == "\"\"" ? "" : small(pattern);
    const std::string name = small(value);
    if (!literal(wanted).empty() || !literal(name).empty())
        return literal(wanted) == literal(name) ? 90000 : 0;
    if (!wanted.starts_with("*.")) return wanted == name ? 90000 : 0;
    return name.ends_with(wanted.substr(1)) ? 60000 + wanted.size() : 0;
}

bool applies(const SlowRule& rule, const SlowQuery& query) {
    const std::string& asked = rule.type == "email" ? query.email_direction : query.ehlo_direction;
    return (rule.expires == 0 || query.now < rule.expires) &&
           (rule.direction == "both" || asked == "both" || rule.direction == asked);
}

struct SlowDecision {
    std::string verdict = "pass";
    RuleId deciding = 0;
    std::string field;
    std::multiset<std::string> matches;  // `ID field`
};

SlowDecision slowly(const std::vector<SlowRule>& rules, const SlowQuery& query) {
    SlowDecision out;
    std::vector<std::pair<const SlowRule*, std::string>> picks;
    for (const SlowValue& value : query.values) {
        const SlowRule* pick = nullptr;
        std::size_t best = 0;
        for (const SlowRule& rule : rules) {
            if (rule.type != value.type || !applies(rule, query)) continue;
            const std::size_t how = rule.type == "email"
                                        ? email_match(rule.pattern, value.text, query)
                                        : ehlo_match(rule.pattern, value.text);
            if (how == 0) continue;
            out.matches.insert(std::to_string(rule.id) + " " + value.field);
            if (rule.action == "log" || how < best) continue;
            pick = &rule;
            best = how;
        }
        if (pick != nullptr) picks.emplace_back(pick, value.field);
    }
    for (const std::string action : {"reject", "defer", "allow"}) {
        for (const auto& [rule, field] : picks) {
            if (rule->action != action) continue;
            out.verdict = action == "allow" ? "pass" : action;
            out.deciding = rule->id;
            out.field = field;
            return out;
        }
    }
    return out;
}

class Dice {
public:
    explicit Dice(unsigned seed) : engine_(seed) {}
    int below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(engine_); }
    bool chance(int percent) { return below(100) < percent; }
    std::string of(const std::vector<std::string>& words) {
        return words[static_cast<std::size_t>(below(static_cast<int>(words.size())))];
    }

private:
    std::mt19937 engine_;
};

const std::vector<std::string> locals{"a", "A", "b", "a+b", "a+", "a+b+c", "a-b", "+a", "\"a\""};
const std::vector<std::string> domains{"x", "X.", "y.x", "z.y.x", "Y.x.", "w.y.x", "yx", "x.y"};
const std::vector<std::string> names{"x",         "y.x",         "Z.y.x.",
                                     "a_b",       "yx",          ".x",
                                     "192.0.2.7", "[192.0.2.7]", "[.x",
                                     "x.y",       "2001:db8::1", "[IPv6:2001:db8:0::1]",
                                     "()",        "w.z.y.x",     "[IPv6:::ffff:192.0.2.7]"};

SlowRule any_rule(Dice& dice, RuleId id) {
    SlowRule rule;
    rule.id = id;
    rule.type = dice.chance(60) ? "email" : "ehlo";
    if (rule.type == "email") {
        switch (dice.below(6)) {
            case 0:
            case 1:
                rule.pattern = dice.of(locals) + "@" + dice.of(domains);
                break;
            case 2:
                rule.pattern = (dice.chance(50) ? "@" : "") + dice.of(domains);
                break;
            case 3:
                rule.pattern = "*." + dice.of(domains);
                break;
            case 4:
                rule.pattern = dice.of(locals) + "@";
                break;
            default:
                rule.pattern = "<>";
                break;
        }
    } else {
        switch (dice.below(4)) {
            case 0:
            case 1:
                rule.pattern = dice.of(names);
                break;
            case 2:
                rule.pattern = "*." + dice.of({"x", "y.x", "Z.y.x.", "y", "a_b"});
                break;
            default:
                rule.pattern = "\"\"";
                break;
        }
    }
    rule.action = dice.of({"reject", "reject", "defer", "allow", "allow", "log"});
    rule.direction = dice.of({"in", "out", "both", "both"});
    if (dice.chance(30)) rule.expires = 100 + dice.below(3);
    return rule;
}

SlowQuery any_query(Dice& dice) {
    SlowQuery query;
    query.now = 100 + dice.below(3);
    query.delimiter = dice.of({"+", "+", "+-", "-", ""});
    query.auth_domain = dice.of({"", "x", "Y.x"});
    query.email_direction = dice.of({"in", "out", "both"});
    query.ehlo_direction = dice.of({"in", "out", "both"});
    if (dice.chance(10))
        query.values.push_back({"email", "sender", "<>"});
    else if (dice.chance(80))
        query.values.push_back({"email", "sender", dice.of(locals) + "@" + dice.of(domains)});
    for (int users = dice.below(3); users > 0; --users)
        query.values.push_back(
            {"email", "user", dice.of(locals) + (dice.chance(50) ? "@" + dice.of(domains) : "")});
    for (int ehlos = dice.below(4); ehlos > 0; --ehlos)
        query.values.push_back({"ehlo", "ehlo", dice.chance(10) ? "" : dice.of(names)});
    return query;
}

SlowDecision quickly(const MemoryRules& rules, const SlowQuery& asked) {
    std::optional<Address> sender;
    std::vector<Address> users;
    std::vector<EhloName> ehlo_names;
    Query query;
    for (const SlowValue& value : asked.values) {
        if (value.text == "<>")
            query.null_sender = true;
        else if (value.field == "sender")
            sender = Address::parse(value.text).value();
        else if (value.field == "user")
            users.push_back(Address::of_identity(value.text, asked.auth_domain));
        else
            ehlo_names.push_back(EhloName::parse(value.text));
    }
    query.now = Time(std::chrono::seconds(asked.now));
    query.recipient_delimiter = asked.delimiter;
    query.email_directions = direction_of(asked.email_direction).value();
    query.ehlo_directions = direction_of(asked.ehlo_direction).value();
    query.sender = sender ? &*sender : nullptr;
    query.users = users;
    query.ehlo_names = ehlo_names;

    const Decision decision = decide(query, rules);
    SlowDecision out;
    out.verdict = std::string(word(decision.verdict));
    if (decision.deciding) {
        out.deciding = decision.deciding->id;
        out.field = std::string(word(decision.deciding->field));
    }
    for (const Match& match : decision.all())
        out.matches.insert(std::to_string(match.id) + " " + std::string(word(match.field)));
    return out;
}

std::string story(const std::vector<SlowRule>& rules, const SlowQuery& query) {
    std::string out;
    for (const SlowRule& rule : rules) out += "  " + rule.line() + "\n";
    out += "  now=" + std::to_string(query.now) + " delimiter=" + query.delimiter +
           " auth_domain=" + query.auth_domain + " email=" + query.email_direction +
           " ehlo=" + query.ehlo_direction + "\n";
    for (const SlowValue& value : query.values) out += "  " + value.field + "=" + value.text + "\n";
    return out;
}

}  // namespace

TEST_CASE("decide() finds by key what the contract says rule by rule") {
    const unsigned seed = test_seed();
    Dice dice(seed);
    int blocked = 0;
    int allowed = 0;
    int overruled = 0;
    constexpr int rounds = 20000;
    for (int round = 0; round < rounds; ++round) {
        MemoryRules rules;
        std::vector<SlowRule> slow_rules;
        std::set<std::string> patterns;
        for (int n = dice.below(13); n > 0; --n) {
            SlowRule rule = any_rule(dice, static_cast<RuleId>(100 - n));
            const auto pattern = Pattern::parse(*rule_type_of(rule.type), rule.pattern);
            if (!pattern || !patterns.insert(rule.type + pattern->text()).second) continue;
            rules.add(rule.line());
            slow_rules.push_back(std::move(rule));
        }
        const SlowQuery query = any_query(dice);
        const SlowDecision slow = slowly(slow_rules, query);
        const SlowDecision quick = quickly(rules, query);

        blocked += slow.verdict != "pass";
        allowed += slow.verdict == "pass" && slow.deciding != 0;
        overruled += slow.matches.size() > 1;
        if (quick.verdict == slow.verdict && quick.deciding == slow.deciding &&
            quick.field == slow.field && quick.matches == slow.matches)
            continue;
        FAIL("seed " << seed << ", round " << round << ":\n"
                     << story(slow_rules, query) << "quick: " << quick.verdict << " "
                     << quick.deciding << ", slow: " << slow.verdict << " " << slow.deciding);
    }
    INFO("seed " << seed);
    CHECK(blocked > rounds / 10);
    CHECK(allowed > rounds / 50);
    CHECK(overruled > rounds / 10);
}

}  // namespace smtpblock
