#include "daemon/guard/secret_key.h"

#include <catch2/catch.hpp>

namespace smtpblock::guard {

TEST_CASE("one key gives one hash for one text, another key another") {
    const auto key = SecretKey::make();
    const auto other = SecretKey::make();
    REQUIRE(key);
    REQUIRE(other);
    CHECK((*key)->hash("a") == (*key)->hash("a"));
    CHECK((*key)->hash("a") != (*key)->hash("b"));
    CHECK((*key)->hash("") != (*key)->hash("a"));
    CHECK((*key)->hash("a") != (*other)->hash("a"));
    CHECK((*key)->keyed_hash()("a") == (*key)->hash("a"));
}

}  // namespace smtpblock::guard
