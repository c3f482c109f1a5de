#include "common/absent_keys.h"

#include <catch2/catch.hpp>
#include <string>

namespace smtpblock {

TEST_CASE("a key is absent once it was said to be, until all are forgotten") {
    AbsentKeys keys;
    CHECK_FALSE(keys.contains("aa@x.example"));
    CHECK_FALSE(keys.contains(""));
    keys.insert("aa@x.example");
    CHECK(keys.contains("aa@x.example"));
    CHECK_FALSE(keys.contains("aa@x.exampl"));
    CHECK_FALSE(keys.contains("aa@x.example2"));
    keys.clear();
    CHECK_FALSE(keys.contains("aa@x.example"));
}

TEST_CASE("no key is mistaken for another, however many there are") {
    AbsentKeys keys;
    const auto key = [](int i) { return "a" + std::to_string(i) + "@x.example"; };
    int remembered = 0;
    for (int i = 0; i < 100000; i += 2) keys.insert(key(i));
    for (int i = 0; i < 100000; ++i) {
        if (!keys.contains(key(i))) continue;
        REQUIRE(i % 2 == 0);
        ++remembered;
    }
    CHECK(remembered > 1000);
}

TEST_CASE("a key that is too long is not remembered, nor taken for its beginning") {
    AbsentKeys keys;
    const std::string fits(59, 'k');
    keys.insert(fits);
    keys.insert(fits + "k");
    CHECK(keys.contains(fits));
    CHECK_FALSE(keys.contains(fits + "k"));
    CHECK_FALSE(keys.contains(fits + "kk"));
}

}  // namespace smtpblock
