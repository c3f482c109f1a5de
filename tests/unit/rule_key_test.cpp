#include "common/rule_key.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

namespace smtpblock {
namespace {

TEST_CASE("a key is the kind and the parts of the subject, joined") {
    CHECK(RuleKey(PatternKind::address, "user", "@", "example.com").view() == "auser@example.com");
    CHECK(RuleKey(PatternKind::null_sender).view() == "n");
    CHECK_FALSE(RuleKey(PatternKind::domain, "example.com").cut());
}

TEST_CASE("one subject in two divisions has one key") {
    const std::string local(300, 'l');
    const std::string domain(300, 'd');
    CHECK(RuleKey(PatternKind::address, local, "@", domain).view() ==
          RuleKey(PatternKind::address, local + "@" + domain).view());
}

TEST_CASE("a subject of 509 octets stands whole, one of 510 is cut") {
    const RuleKey whole(PatternKind::name, std::string(509, 'x'));
    CHECK(whole.view() == "N" + std::string(509, 'x'));
    CHECK_FALSE(whole.cut());
    const RuleKey cut(PatternKind::name, std::string(510, 'x'));
    CHECK(cut.view().size() == key_octets);
    CHECK(cut.cut());
}

TEST_CASE("cut keys differ where their subjects differ, be it at the very end") {
    std::set<std::string> keys;
    for (const char last : {'a', 'b', 'c'})
        for (const std::size_t octets : {510U, 511U, 512U})
            keys.emplace(RuleKey(PatternKind::name, std::string(octets - 1, 'x') + last).view());
    CHECK(keys.size() == 9);
}

}  // namespace
}  // namespace smtpblock
