#include <catch2/catch.hpp>

#include "daemon/net/tls/ticket_keys.h"

namespace smtpblock::tls {

using std::chrono::hours;

TEST_CASE("a key seals tickets for half a day and opens them for a day") {
    const auto start = std::chrono::steady_clock::now();
    TicketKeys keys(start);
    const auto first = keys.sealing(start).name;
    CHECK(keys.sealing(start + hours(11)).name == first);
    const auto second = keys.sealing(start + hours(12)).name;
    CHECK(second != first);
    REQUIRE(keys.opening(first));
    CHECK(keys.opening(first)->name == first);
    CHECK(keys.opening(second)->cipher != keys.opening(first)->cipher);
    keys.sealing(start + hours(24));
    CHECK_FALSE(keys.opening(first));
    CHECK(keys.opening(second));
    CHECK_FALSE(keys.opening({}));
}

TEST_CASE("no two processes have the same keys") {
    const auto now = std::chrono::steady_clock::now();
    TicketKeys one(now);
    TicketKeys other(now);
    CHECK(one.sealing(now).cipher != other.sealing(now).cipher);
    CHECK_FALSE(other.opening(one.sealing(now).name));
}

}  // namespace smtpblock::tls
