#include "common/rule.h"

#include <catch2/catch.hpp>

namespace smtpblock {
namespace {

Time at(int seconds) {
    return Time(std::chrono::seconds(seconds));
}

}  // namespace

TEST_CASE("a rule's words are read as they are written") {
    for (const auto type : {RuleType::email, RuleType::ehlo})
        CHECK(rule_type_of(word(type)) == type);
    for (const auto way : {Direction::in, Direction::out, Direction::both})
        CHECK(direction_of(word(way)) == way);
    for (const auto action : {Action::reject, Action::defer, Action::allow, Action::log})
        CHECK(action_of(word(action)) == action);
    CHECK(word(RuleType::ehlo) == "ehlo");
    CHECK(word(Direction::both) == "both");
    CHECK(word(Action::defer) == "defer");
    CHECK_FALSE(rule_type_of("Email"));
    CHECK_FALSE(direction_of(""));
    CHECK_FALSE(action_of("block"));
}

TEST_CASE("directions overlap when they have one in common") {
    CHECK(overlap(Direction::in, Direction::both));
    CHECK(overlap(Direction::both, Direction::out));
    CHECK(overlap(Direction::out, Direction::out));
    CHECK_FALSE(overlap(Direction::in, Direction::out));
}

TEST_CASE("a rule matches nothing from the second it expires") {
    CHECK_FALSE(expired(std::nullopt, at(2000000000)));
    CHECK_FALSE(expired(at(100), at(99)));
    CHECK(expired(at(100), at(100)));
    CHECK(expired(at(100), at(101)));
}

}  // namespace smtpblock
