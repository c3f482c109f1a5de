#include "common/rule_codec.h"

#include <catch2/catch.hpp>

#include "unit/store_support.h"

namespace smtpblock {
namespace {

using test::ehlo;
using test::email;
using test::noon;

Rule full_rule() {
    return {70'000,
            email("user@example.com"),
            Direction::out,
            Action::defer,
            "ticket 4711",
            "root (alice)",
            noon,
            noon + std::chrono::hours(1),
            noon + std::chrono::hours(2)};
}

void check_equal(const Rule& a, const Rule& b) {
    CHECK(a.id == b.id);
    CHECK(a.pattern == b.pattern);
    CHECK(a.direction == b.direction);
    CHECK(a.action == b.action);
    CHECK(a.description == b.description);
    CHECK(a.by == b.by);
    CHECK(a.created == b.created);
    CHECK(a.updated == b.updated);
    CHECK(a.expires == b.expires);
}

void check_comes_back(const Rule& rule) {
    const auto key = rule.pattern.key();
    const std::string value = encode_rule(rule);
    const auto read = decode_rule(key.view(), value);
    REQUIRE(read);
    check_equal(*read, rule);

    RuleFacts facts;
    REQUIRE(decode_facts(key.view(), value, facts));
    CHECK(facts.id == rule.id);
    CHECK(facts.direction == rule.direction);
    CHECK(facts.action == rule.action);
    CHECK(facts.expires == rule.expires);
}

TEST_CASE("every field of a rule comes back from the store") {
    check_comes_back(full_rule());
    for (const auto direction : {Direction::in, Direction::out, Direction::both})
        for (const auto action : {Action::reject, Action::defer, Action::allow, Action::log}) {
            Rule rule = full_rule();
            rule.direction = direction;
            rule.action = action;
            check_comes_back(rule);
            rule.expires.reset();
            check_comes_back(rule);
        }
}

TEST_CASE("odd values of a field come back as well") {
    Rule rule = full_rule();
    rule.id = ~RuleId{0};
    rule.created = Time{std::chrono::seconds{-1}};
    rule.expires = Time{};
    rule.description = std::string("\0tab\tnewline\n\xff", 14);
    rule.by.clear();
    check_comes_back(rule);
    rule.description = std::string(5000, 'x');
    check_comes_back(rule);
}

TEST_CASE("a rule of every kind of pattern comes back") {
    for (const auto& pattern :
         {email("user@example.com"), email("example.com"), email("*.example.com"), email("user@"),
          email("<>"), ehlo("mail.example.com"), ehlo("*.example.com"), ehlo("192.0.2.7"),
          ehlo("2001:db8::1"), ehlo(""), ehlo(std::string(508, 'x')), ehlo(std::string(509, 'x')),
          ehlo(std::string(510, 'x')), ehlo(std::string(512, 'x'))}) {
        CAPTURE(pattern.text());
        Rule rule = full_rule();
        rule.pattern = pattern;
        check_comes_back(rule);
    }
}

TEST_CASE("a value that was cut anywhere is damaged") {
    const Rule rule = full_rule();
    const auto key = rule.pattern.key();
    const std::string value = encode_rule(rule);
    for (std::size_t octets = 0; octets < value.size(); ++octets) {
        CAPTURE(octets);
        RuleFacts facts;
        CHECK_FALSE(decode_rule(key.view(), value.substr(0, octets)));
        CHECK_FALSE(decode_facts(key.view(), value.substr(0, octets), facts));
    }
    CHECK_FALSE(decode_rule(key.view(), value + '\0'));
}

TEST_CASE("each flipped bit of key and value is noticed") {
    Rule rule = full_rule();
    rule.pattern = GENERATE(email("user@example.com"), ehlo(std::string(512, 'x')));
    const std::string key(rule.pattern.key().view());
    const std::string value = encode_rule(rule);
    for (std::size_t bit = 0; bit < 8 * (key.size() + value.size()); ++bit) {
        std::string both = key + value;
        both[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(both[bit / 8]) ^ (1U << bit % 8));
        RuleFacts facts;
        const auto flipped_key = both.substr(0, key.size());
        const auto flipped_value = both.substr(key.size());
        if (decode_rule(flipped_key, flipped_value) ||
            decode_facts(flipped_key, flipped_value, facts))
            FAIL("bit " << bit);
    }
}

TEST_CASE("a value under another rule's key is noticed") {
    RuleFacts facts;
    const std::string value = encode_rule(full_rule());
    CHECK_FALSE(decode_facts(email("other@example.com").key().view(), value, facts));
    CHECK_FALSE(decode_rule(email("other@example.com").key().view(), value));
    CHECK_FALSE(decode_rule("", value));
}

TEST_CASE("the checksum in a value is that of the rule") {
    Rule other = full_rule();
    other.description += '.';
    CHECK(rule_checksum(encode_rule(full_rule())) == rule_checksum(encode_rule(full_rule())));
    CHECK(rule_checksum(encode_rule(full_rule())) != rule_checksum(encode_rule(other)));
}

TEST_CASE("a plain rule takes few octets") {
    Rule rule = full_rule();
    rule.description.clear();
    rule.expires.reset();
    CHECK(encode_rule(rule).size() == 33);
}

}  // namespace
}  // namespace smtpblock
