#include "cli/rule_order.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <random>
#include <tuple>
#include <vector>

#include "unit/data_lines.h"
#include "unit/seed.h"

namespace smtpblock {
namespace {

Time at(std::int64_t second) {
    return Time{std::chrono::seconds{second}};
}

std::vector<Rule> some_rules(std::mt19937& random) {
    std::vector<Rule> rules;
    for (const DataLine& line : data_lines("patterns.good")) {
        const auto pattern = Pattern::parse(*rule_type_of(line.fields[0]), line.fields[1]);
        REQUIRE(pattern);
        std::optional<Time> expires;
        if (random() % 2 == 0) expires = at(random() % 4);
        rules.push_back({rules.size() + 1, *pattern, static_cast<Direction>(1 + random() % 3),
                         static_cast<Action>(random() % 4), line.where, "by\nwhom",
                         at(random() % 1000), at(random() % 1000), expires});
    }
    std::shuffle(rules.begin(), rules.end(), random);
    return rules;
}

template <class KeyOf>
void compare(SortKey key, std::vector<Rule> rules, KeyOf key_of) {
    RuleOrder order(key);
    for (const Rule& rule : rules) REQUIRE(order.add(rule));
    std::stable_sort(rules.begin(), rules.end(),
                     [&](const Rule& a, const Rule& b) { return key_of(a) < key_of(b); });
    std::size_t i = 0;
    const auto all = [](const Rule& rule) {
        return std::tuple(rule.id, rule.pattern.text(), rule.direction, rule.action,
                          rule.description, rule.by, rule.created, rule.updated, rule.expires);
    };
    REQUIRE(order.each([&](const Rule& rule) { return all(rule) == all(rules[i++]); }));
    CHECK(i == rules.size());
}

}  // namespace

TEST_CASE("rules come in the order of each key, whole, equal ones as they were added") {
    const unsigned seed = test_seed();
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto rules = some_rules(random);
    compare(SortKey::id, rules, [](const Rule& rule) { return rule.id; });
    compare(SortKey::type, rules, [](const Rule& rule) { return rule.pattern.type(); });
    compare(SortKey::dir, rules, [](const Rule& rule) { return rule.direction; });
    compare(SortKey::action, rules, [](const Rule& rule) { return rule.action; });
    compare(SortKey::expires, rules, [](const Rule& rule) {
        return std::tuple(!rule.expires, rule.expires.value_or(Time{}));
    });
    compare(SortKey::pattern, rules, [](const Rule& rule) { return rule.pattern.text(); });
    compare(SortKey::created, rules, [](const Rule& rule) { return rule.created; });
    compare(SortKey::updated, rules, [](const Rule& rule) { return rule.updated; });
}

TEST_CASE("who has seen enough of an order is shown no more") {
    std::mt19937 random(test_seed());
    RuleOrder order(SortKey::pattern);
    for (const Rule& rule : some_rules(random)) REQUIRE(order.add(rule));
    int seen = 0;
    REQUIRE(order.each([&](const Rule&) { return ++seen < 3; }));
    CHECK(seen == 3);
}

}  // namespace smtpblock
