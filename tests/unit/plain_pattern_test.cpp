// What is recognised as plain is compared with Pattern's own parsing: a trailing dot makes no
// difference to a pattern, but is not plain.
#include "common/plain_pattern.h"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

#include "common/rule.h"
#include "common/text.h"
#include "unit/data_lines.h"
#include "unit/words.h"

namespace smtpblock {
namespace {

const std::vector<std::string> pieces{"a",  "Z", "example", "7",  "192", "-", "--", "_",  "+",
                                      "=",  ".", "..",      "xn", "@",   "*", "?",  "ü",  "\\",
                                      "\"", " ", "#",       "/",  "[",   "]", ":",  "com"};

void is_the_same_behind_a_closer_look(RuleType type, const std::string& written) {
    const auto kind = plain_kind(type, written);
    if (!kind) return;
    const auto pattern = Pattern::parse(type, written + ".");
    RC_ASSERT(pattern.has_value());
    RC_ASSERT(pattern->kind() == *kind);
    RC_ASSERT(std::string(pattern->subject()) == lower(written));
}

}  // namespace

TEST_CASE("what is plain is what it is behind a closer look") {
    rc::prop("made of plain parts", [](bool email) {
        const std::string written = *test::words(pieces);
        is_the_same_behind_a_closer_look(email ? RuleType::email : RuleType::ehlo, written);
        if (!written.empty())
            is_the_same_behind_a_closer_look(RuleType::email, "a." + written + "@b." + written);
    });
}

TEST_CASE("bad patterns are not plain") {
    for (const DataLine& line : data_lines("patterns.bad")) {
        const auto type = rule_type_of(line.fields[0]);
        if (!type || line.fields.size() < 2) continue;
        INFO(line.where << ": " << line.fields[1]);
        CHECK_FALSE(plain_kind(*type, line.fields[1]));
    }
}

TEST_CASE("addresses, domains and host names are plain, at their longest as well") {
    const std::string label(63, 'a');
    const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
    CHECK(plain_kind(RuleType::email, "User.name+x@Mail-1.example.COM") == PatternKind::address);
    CHECK(plain_kind(RuleType::email, std::string(64, 'u') + "@" + longest) ==
          PatternKind::address);
    CHECK(plain_kind(RuleType::email, "example.com") == PatternKind::domain);
    CHECK(plain_kind(RuleType::ehlo, "ylmf-pc") == PatternKind::name);
    CHECK_FALSE(plain_kind(RuleType::email, std::string(65, 'u') + "@example.com"));
    CHECK_FALSE(plain_kind(RuleType::email, "u@" + longest + "b"));
    CHECK_FALSE(plain_kind(RuleType::email, "u@a" + label + ".example"));
    CHECK_FALSE(plain_kind(RuleType::ehlo, "192.0.2.7"));
    CHECK_FALSE(plain_kind(RuleType::ehlo, "user@example.com"));
    CHECK_FALSE(plain_kind(RuleType::email, "a@xn--bcher-kva.example"));
}

}  // namespace smtpblock
