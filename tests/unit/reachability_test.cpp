#include "daemon/net/behind/reachability.h"

#include <catch2/catch.hpp>

namespace smtpblock::net {

using namespace std::chrono_literals;
using Places = std::vector<std::size_t>;

TEST_CASE("upstreams are tried in their order, and one that failed last") {
    Reachability upstreams(3);
    const smtp::Instant start{1h};
    CHECK(upstreams.order(start) == Places{0, 1, 2});
    CHECK(upstreams.failed(0, start, start));
    CHECK(upstreams.order(start + 9s) == Places{1, 2, 0});
    CHECK(upstreams.failed(1, start, start + 9s));
    CHECK(upstreams.order(start + 9s) == Places{2, 0, 1});
}

TEST_CASE("one that failed is tried again by one session, and by all when that one reached it") {
    Reachability upstreams(2);
    const smtp::Instant start{1h};
    CHECK(upstreams.failed(0, start, start));
    CHECK(upstreams.order(start + 10s) == Places{0, 1});
    CHECK(upstreams.order(start + 10s) == Places{1, 0});
    CHECK(upstreams.reached(0));
    CHECK_FALSE(upstreams.reached(0));
    CHECK(upstreams.order(start + 10s) == Places{0, 1});
}

TEST_CASE("the pause doubles up to a minute, however many fail together") {
    Reachability upstreams(2);
    smtp::Instant now{1h};
    CHECK(upstreams.failed(0, now, now));
    for (int i = 0; i < 5; ++i) CHECK_FALSE(upstreams.failed(0, now, now + 1s));
    for (const auto pause : {10s, 20s, 40s, 60s, 60s}) {
        CHECK(upstreams.order(now + pause - 1s) == Places{1, 0});
        now += pause;
        CHECK(upstreams.order(now) == Places{0, 1});
        CHECK_FALSE(upstreams.failed(0, now, now));
    }
    CHECK(upstreams.reached(0));
    CHECK(upstreams.failed(0, now + 1s, now + 1s));
    CHECK(upstreams.order(now + 11s) == Places{0, 1});
}

}  // namespace smtpblock::net
