#include "daemon/guard/login_rate.h"

#include <catch2/catch.hpp>
#include <string>

namespace smtpblock::guard {

using namespace std::chrono_literals;

TEST_CASE("so many logins of an account a minute, and then no more") {
    LoginRate rate;
    const smtp::Instant start{};
    for (int i = 0; i < 5; ++i) CHECK(rate.take("bob", 5, start + i * 10s));
    CHECK_FALSE(rate.take("bob", 5, start + 59s));
    CHECK(rate.take("alice", 5, start + 59s));
    CHECK_FALSE(rate.take("carol", 0, start + 59s));
    CHECK(rate.take("bob", 5, start + 60s));
}

TEST_CASE("the account that was counted first is forgotten first") {
    LoginRate rate(3);
    const smtp::Instant start{};
    for (const auto* account : {"a", "b", "c"}) CHECK(rate.take(account, 1, start));
    CHECK(rate.take("a", 1, start + 60s));  // counted anew
    CHECK(rate.take("d", 1, start + 60s));  // for b
    CHECK_FALSE(rate.take("a", 1, start + 61s));
    CHECK_FALSE(rate.take("c", 1, start + 30s));
    for (int i = 0; i < 1000; ++i) CHECK(rate.take("x" + std::to_string(i), 1, start + 61s));
}

}  // namespace smtpblock::guard
