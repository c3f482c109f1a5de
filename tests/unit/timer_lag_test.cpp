#include "daemon/smtp/timer_lag.h"

#include <catch2/catch.hpp>

namespace smtpblock::smtp {

using namespace std::chrono_literals;

TEST_CASE("the usual lag is the median of those that came lately") {
    TimerLag lag;
    CHECK(lag.usual() == 0us);
    lag.note(60us);
    CHECK(lag.usual() == 60us);
    for (int i = 0; i < 200; ++i) lag.note(i % 3 == 0 ? 900us : i % 3 == 1 ? 80us : 90us);
    CHECK(lag.usual() > 75us);
    CHECK(lag.usual() < 105us);
    for (int i = 0; i < 200; ++i) lag.note(20us);
    CHECK(lag.usual() == 20us);
}

TEST_CASE("a thread that was stopped for long is no measure of the usual lag") {
    TimerLag lag;
    lag.note(5s);
    CHECK(lag.usual() == 1ms);
    lag.note(-1s);
    CHECK(lag.usual() < 1ms);
    CHECK(lag.usual() > 0us);
}

}  // namespace smtpblock::smtp
