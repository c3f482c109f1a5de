// decide() looks rules up by key, and globs by their index. Here it is compared with what the
// contract says (slow_decision.h), over rules and values of so few letters that they meet.
#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>
#include <set>

#include "unit/memory_rules.h"
#include "unit/slow_decision.h"

namespace smtpblock {
namespace {

using namespace test;
using Words = std::vector<std::string>;

const Words locals{"a", "A", "b", "a+b", "a+", "a+b+c", "a-b", "+a", "\"a\""};
const Words domains{"x", "X.", "y.x", "z.y.x", "Y.x.", "w.y.x", "yx", "x.y", "[192.0.2.7]"};
const Words names{"x",           "y.x",
                  "Z.y.x.",      "a_b",
                  "yx",          ".x",
                  "[.x",         "x.y",
                  "()",          "w.z.y.x",
                  "192.0.2.7",   "[192.0.2.7]",
                  "192.0.2.8",   "[IPv6:::ffff:192.0.2.7]",
                  "2001:db8::1", "[IPv6:2001:db8:0::1]"};
const Words suffixes{"*.x", "*.y.x", "*.Z.y.x.", "*.y", "*.a_b"};
const Words prefixes{"192.0.2.0/24", "192.0.2.6/31", "192.0.0.0/16",   "192.0.2.8/29",
                     "128.0.0.0/1",  "0.0.0.0/0",    "2001:db8::/127", "2001:db8::/32",
                     "8000::/1",     "::/0"};
const Words glob_parts{"*", "*", "?", "a", "b", "x", "y", "+", ".x", "y.x", "@", "192.", ".7", "["};

std::string one_of(const Words& words) {
    return *rc::gen::elementOf(words);
}
int below(int end) {
    return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, end));
}

std::string any_glob() {
    std::string glob;
    for (int part = below(5); part >= 0; --part) glob += one_of(glob_parts);
    return glob;
}

std::string any_email_pattern() {
    switch (below(8)) {
        case 0:
        case 1:
            return one_of(locals) + "@" + one_of(domains);
        case 2:
            return (below(2) == 0 ? "@" : "") + one_of(domains);
        case 3:
            return one_of(suffixes);
        case 4:
            return one_of(locals) + "@";
        case 5:
            return "<>";
        default:
            return any_glob();
    }
}

std::string any_ehlo_pattern() {
    switch (below(7)) {
        case 0:
        case 1:
            return one_of(names);
        case 2:
            return one_of(suffixes);
        case 3:
            return one_of(prefixes);
        case 4:
            return "\"\"";
        default:
            return any_glob();
    }
}

/// Nothing when the pattern is none.
std::optional<SlowRule> any_rule(RuleId id) {
    SlowRule rule;
    rule.id = id;
    rule.type = one_of({"email", "ehlo"});
    rule.pattern = rule.type == "email" ? any_email_pattern() : any_ehlo_pattern();
    rule.action = one_of({"reject", "reject", "defer", "allow", "allow", "log"});
    rule.direction = one_of({"in", "out", "both", "both"});
    rule.expires = below(3) == 0 ? 100 + below(3) : 0;
    const auto pattern = Pattern::parse(*rule_type_of(rule.type), rule.pattern);
    if (!pattern) return std::nullopt;
    if (pattern->text().starts_with("*.")) rule.pattern = pattern->text();
    if (pattern->kind() == PatternKind::email_glob || pattern->kind() == PatternKind::ehlo_glob)
        rule.glob = pattern->subject();
    return rule;
}

std::vector<SlowRule> any_rules() {
    std::vector<SlowRule> rules;
    std::set<std::string> patterns;
    for (int n = below(30); n > 0; --n) {
        const auto rule = any_rule(static_cast<RuleId>(100 - n));
        if (!rule) continue;
        const auto pattern = Pattern::parse(*rule_type_of(rule->type), rule->pattern);
        if (patterns.insert(rule->type + pattern->text()).second) rules.push_back(*rule);
    }
    return rules;
}

SlowQuery any_query() {
    SlowQuery query;
    query.now = 100 + below(3);
    query.delimiter = one_of({"+", "+", "+-", "-", ""});
    query.auth_domain = one_of({"", "x", "Y.x"});
    query.email_direction = one_of({"in", "out", "both"});
    query.ehlo_direction = one_of({"in", "out", "both"});
    const auto add = [&](const char* type, const char* field, const std::string& text) {
        query.values.push_back({type, field, text});
    };
    const int sender = below(10);
    if (sender == 0) add("email", "sender", "<>");
    if (sender > 2) add("email", "sender", one_of(locals) + "@" + one_of(domains));
    for (int users = below(3); users > 0; --users)
        add("email", "user", one_of(locals) + (below(2) == 0 ? "@" + one_of(domains) : ""));
    for (int ehlos = below(4); ehlos > 0; --ehlos)
        add("ehlo", "ehlo", below(10) == 0 ? "" : one_of(names));
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
    for (const SlowRule& rule : rules) out += rule.line() + "\n";
    out += "now=" + std::to_string(query.now) + " delimiter=" + query.delimiter +
           " auth_domain=" + query.auth_domain + " email=" + query.email_direction +
           " ehlo=" + query.ehlo_direction;
    for (const SlowValue& value : query.values) out += " " + value.field + "=" + value.text;
    return out;
}

std::string told(const SlowDecision& decision) {
    std::string out = decision.verdict + " " + std::to_string(decision.deciding) + " " +
                      decision.field + ", matches";
    for (const std::string& match : decision.matches) out += " " + match;
    return out;
}

}  // namespace

TEST_CASE("decide() finds by key what the contract says rule by rule") {
    int decisions = 0;
    int blocked = 0;
    int allowed = 0;
    int overruled = 0;
    std::map<PatternKind, int> decided_by;
    rc::prop("every rule against every value", [&] {
        const auto slow_rules = any_rules();
        MemoryRules rules;
        std::map<RuleId, PatternKind> kinds;
        for (const SlowRule& rule : slow_rules) {
            rules.add(rule.line());
            kinds[rule.id] = Pattern::parse(*rule_type_of(rule.type), rule.pattern)->kind();
        }
        for (int queries = 0; queries < 30; ++queries) {
            const auto query = any_query();
            const SlowDecision slow = slowly(slow_rules, query);
            const SlowDecision quick = quickly(rules, query);
            if (quick != slow)
                RC_FAIL(story(slow_rules, query) + "\nslow: " + told(slow) +
                        "\nquick: " + told(quick));
            ++decisions;
            blocked += slow.verdict != "pass";
            allowed += slow.verdict == "pass" && slow.deciding != 0;
            overruled += slow.matches.size() > 1;
            if (slow.deciding != 0) ++decided_by[kinds[slow.deciding]];
        }
    });
    // The letters are few enough, or the test would say nothing.
    CHECK(blocked > decisions / 10);
    CHECK(allowed > decisions / 50);
    CHECK(overruled > decisions / 10);
    for (const PatternKind kind : all_pattern_kinds) {
        CAPTURE(static_cast<char>(kind));
        CHECK(decided_by[kind] > 0);
    }
}

}  // namespace smtpblock
