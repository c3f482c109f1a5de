#include "common/pattern.h"

#include <catch2/catch.hpp>

#include "common/rule.h"
#include "unit/data_lines.h"

namespace smtpblock {
namespace {

Pattern parsed(RuleType type, std::string_view written) {
    auto pattern = Pattern::parse(type, written);
    INFO(written << (pattern ? "" : ": " + pattern.error().message));
    REQUIRE(pattern);
    return *pattern;
}

}  // namespace

TEST_CASE("a good pattern has the canonical form that the table says") {
    const auto lines = data_lines("patterns.good");
    REQUIRE(lines.size() > 200);
    for (const DataLine& line : lines) {
        REQUIRE(line.fields.size() == 3);
        const auto type = rule_type_of(line.fields[0]);
        REQUIRE(type);
        const auto pattern = Pattern::parse(*type, line.fields[1]);
        INFO(line.where << ": " << line.fields[1]);
        CAPTURE(pattern ? "" : pattern.error().message);
        CHECK(pattern);
        if (pattern) CHECK(pattern->text() == line.fields[2]);
    }
}

TEST_CASE("a canonical form is its own canonical form") {
    for (const DataLine& line : data_lines("patterns.good")) {
        const auto type = *rule_type_of(line.fields[0]);
        const auto pattern = Pattern::parse(type, line.fields[1]);
        if (!pattern) continue;
        const auto again = Pattern::parse(type, pattern->text());
        INFO(line.where << ": " << pattern->text());
        CHECK(again);
        if (again) CHECK(*again == *pattern);
    }
}

TEST_CASE("a pattern comes back from its key, or from its subject when the key is cut") {
    for (const DataLine& line : data_lines("patterns.good")) {
        const auto pattern = Pattern::parse(*rule_type_of(line.fields[0]), line.fields[1]);
        if (!pattern) continue;
        INFO(line.where << ": " << pattern->text());
        CHECK(Pattern::from_subject(pattern->kind(), pattern->subject()) == *pattern);
        const RuleKey key = pattern->key();
        if (!key.cut()) CHECK(Pattern::from_key(key.view()) == *pattern);
    }
}

TEST_CASE("a bad pattern is refused in words that help") {
    const auto lines = data_lines("patterns.bad");
    REQUIRE(lines.size() > 100);
    for (const DataLine& line : lines) {
        REQUIRE(line.fields.size() == 3);
        REQUIRE(line.fields[2].find("write ") != std::string::npos);
        const auto pattern = Pattern::parse(*rule_type_of(line.fields[0]), line.fields[1]);
        INFO(line.where << ": " << line.fields[1]);
        CAPTURE(pattern ? "taken as " + pattern->text() : "");
        CHECK_FALSE(pattern);
        if (pattern) continue;
        CHECK(pattern.error().code == ErrorCode::bad_input);
        CHECK_THAT(pattern.error().message, Catch::Contains(line.fields[2]));
        CHECK(pattern.error().message.find('\n') == std::string::npos);
        CHECK(pattern.error().message.front() == '\'');
    }
}

TEST_CASE("what an error says to write is a good pattern") {
    for (const DataLine& line : data_lines("patterns.bad")) {
        const auto type = *rule_type_of(line.fields[0]);
        const auto pattern = Pattern::parse(type, line.fields[1]);
        if (pattern) continue;
        const std::string& message = pattern.error().message;
        const auto write = message.find("; write '");
        if (write == std::string::npos) continue;
        const auto from = write + 9;
        const std::string advice = message.substr(from, message.find('\'', from) - from);
        INFO(line.where << ": " << message);
        CHECK(Pattern::parse(type, advice));
    }
}

TEST_CASE("patterns of different meaning have different keys") {
    const auto key = [](RuleType type, std::string_view written) {
        return std::string(parsed(type, written).key().view());
    };
    CHECK(key(RuleType::email, "example.com") != key(RuleType::ehlo, "example.com"));
    CHECK(key(RuleType::email, "*.example.com") != key(RuleType::ehlo, "*.example.com"));
    CHECK(key(RuleType::email, "*.example.com") != key(RuleType::email, "example.com"));
    CHECK(key(RuleType::email, "a@") != key(RuleType::email, "a"));
    CHECK(key(RuleType::email, "<>") != key(RuleType::ehlo, ""));
    CHECK(key(RuleType::email, "\"a@b\"@") != key(RuleType::email, "a@b"));
    // Two literals whose octets are printable, and the name that is spelt with these.
    CHECK(key(RuleType::ehlo, "97.98.99.100") != key(RuleType::ehlo, "abcd"));
}

TEST_CASE("names too long for a key have keys of their own") {
    const std::string long_name(511, 'n');
    const Pattern a = parsed(RuleType::ehlo, long_name + "a");
    const Pattern b = parsed(RuleType::ehlo, long_name + "b");
    CHECK(a.key().cut());
    CHECK(a.key().view().size() == key_octets);
    CHECK(a.key().view() != b.key().view());
    CHECK_FALSE(Pattern::from_key(a.key().view()));
    CHECK_FALSE(parsed(RuleType::ehlo, std::string(509, 'n')).key().cut());
    CHECK(parsed(RuleType::ehlo, std::string(510, 'n')).key().cut());
}

TEST_CASE("a damaged key is no pattern") {
    CHECK_FALSE(Pattern::from_key(""));
    CHECK_FALSE(Pattern::from_key("a"));
    CHECK_FALSE(Pattern::from_key("auser"));
    CHECK_FALSE(Pattern::from_key("d"));
    CHECK_FALSE(Pattern::from_key("nx"));
    CHECK_FALSE(Pattern::from_key("Ex"));
    CHECK_FALSE(Pattern::from_key("L123"));
    CHECK_FALSE(Pattern::from_key("zexample.com"));
    CHECK_FALSE(Pattern::from_key("gno-wildcard"));
    CHECK_FALSE(Pattern::from_key("Gno\\*wildcard"));
    CHECK_FALSE(Pattern::from_key("P1234"));
    CHECK_FALSE(Pattern::from_key(std::string("P\xc0\0\x02\x07\x18", 6)));  // host bits set
    CHECK_FALSE(Pattern::from_key(std::string("P\0\0\0\0\x21", 6)));
    CHECK_FALSE(Pattern::from_key(std::string("\0x", 2)));
}

TEST_CASE("a pattern that stops everybody is known") {
    for (const auto* all : {"*", "**", "?*", "*@*", "?*@?*", "*??@*"}) {
        CAPTURE(all);
        CHECK(parsed(RuleType::email, all).matches_everything());
    }
    for (const auto* some : {"?", "*@?", "*@*.*", "*.*", "*@example.com", "a@*", "example.com",
                             "\"*\"@*", "\\*@*", "<>", "*.com"}) {
        CAPTURE(some);
        CHECK_FALSE(parsed(RuleType::email, some).matches_everything());
    }
    CHECK(parsed(RuleType::ehlo, "*").matches_everything());
    CHECK(parsed(RuleType::ehlo, "?*").matches_everything());
    for (const auto* some : {"*@*", "\\*", "*.com", "", "0.0.0.0/0", "*.*"}) {
        CAPTURE(some);
        CHECK_FALSE(parsed(RuleType::ehlo, some).matches_everything());
    }
}

TEST_CASE("people see U-labels, in the domain alone, and may type them back") {
    const auto shown = [](RuleType type, std::string_view written) {
        const Pattern pattern = parsed(type, written);
        CHECK(parsed(type, pattern.text_for_people()) == pattern);
        return pattern.text_for_people();
    };
    CHECK(shown(RuleType::email, "b\u00dccher.example") == "b\u00fccher.example");
    CHECK(shown(RuleType::email, "*.xn--bcher-kva.example") == "*.b\u00fccher.example");
    CHECK(shown(RuleType::email, "xn--bcher-kva@xn--bcher-kva") == "xn--bcher-kva@b\u00fccher");
    CHECK(shown(RuleType::email, "\"a b\"@xn--bcher-kva") == "\"a b\"@b\u00fccher");
    CHECK(shown(RuleType::email, "*@*.xn--bcher-kva") == "*@*.b\u00fccher");
    CHECK(shown(RuleType::email, "*@xn--bcher*") == "*@xn--bcher*");
    CHECK(shown(RuleType::email, "*.*.xn--bcher-kva") == "*.*.xn--bcher-kva");
    CHECK(shown(RuleType::email, "xn--bcher-kva@") == "xn--bcher-kva@");
    CHECK(shown(RuleType::email, "<>") == "<>");
    CHECK(shown(RuleType::ehlo, "b\u00fcro-pc") == "b\u00fcro-pc");
    CHECK(shown(RuleType::ehlo, "host-*.xn--bcher-kva") == "host-*.b\u00fccher");
    CHECK(shown(RuleType::ehlo, "192.0.2.0/24") == "192.0.2.0/24");
}

TEST_CASE("the type shows by an @ or by <>") {
    CHECK(evident_type("a@b") == RuleType::email);
    CHECK(evident_type("@example.com") == RuleType::email);
    CHECK(evident_type("user@") == RuleType::email);
    CHECK(evident_type("<>") == RuleType::email);
    CHECK_FALSE(evident_type("example.com"));
    CHECK_FALSE(evident_type(""));
    CHECK_FALSE(evident_type("[192.0.2.7]"));
}

TEST_CASE("an ehlo pattern that is no host name is taken with a note") {
    CHECK(parsed(RuleType::ehlo, "mail.example.com").note().empty());
    CHECK(parsed(RuleType::ehlo, "*.example.com").note().empty());
    CHECK(parsed(RuleType::ehlo, "[192.0.2.7]").note().empty());
    CHECK(parsed(RuleType::ehlo, "").note().empty());
    CHECK(parsed(RuleType::email, "a_b@under_score.example").note().empty());
    CHECK_FALSE(parsed(RuleType::ehlo, "a_b").note().empty());
    CHECK_FALSE(parsed(RuleType::ehlo, "()").note().empty());
    CHECK_FALSE(parsed(RuleType::ehlo, "*.a_b").note().empty());
    CHECK_FALSE(parsed(RuleType::ehlo, "a..b").note().empty());
    CHECK_FALSE(parsed(RuleType::ehlo, "\U0001f600").note().empty());
    CHECK(parsed(RuleType::ehlo, "b\u00fccher.example").note().empty());
}

TEST_CASE("a pattern whose reach may surprise is taken with a note") {
    const auto note = [](RuleType type, std::string_view written) {
        return parsed(type, written).note();
    };
    CHECK_THAT(note(RuleType::ehlo, "192.0.2.0/24"), Catch::Contains("not the client's own"));
    CHECK_THAT(note(RuleType::ehlo, "::/0"), Catch::Contains("not the client's own"));
    CHECK_THAT(note(RuleType::email, "-a.example"), Catch::Contains("no domain in the DNS"));
    CHECK_THAT(note(RuleType::email, "a@\U0001f600"), Catch::Contains("no domain in the DNS"));
    CHECK_THAT(note(RuleType::email, "example.*"), Catch::Contains("'*@example.*' is for domains"));
    CHECK_THAT(note(RuleType::email, "*@example.com"), Catch::Contains("'example.com' matches"));
    CHECK(note(RuleType::email, "*@*.example.com").empty());
    CHECK(note(RuleType::email, "*example.com").empty());
    CHECK(note(RuleType::email, "a@[192.0.2.7]").empty());
    CHECK(note(RuleType::email, "\"-a.\"@example.com").empty());
    CHECK(note(RuleType::ehlo, "host-*").empty());
}

}  // namespace smtpblock
