#include "daemon/smtp/refusal_times.h"

#include <catch2/catch.hpp>
#include <set>

namespace smtpblock::smtp {

using namespace std::chrono_literals;

constexpr std::uint32_t soft_limit = 10;

TEST_CASE("times are drawn from those that were seen lately") {
    RefusalTimes times;
    CHECK(times.draw(RcptNeeds::mail) == 0s);
    CHECK(times.draw_next() == 0s);
    for (int i = 0; i < 100; ++i)
        times.learn({RcptNeeds::mail, 0, std::chrono::milliseconds(i), true}, soft_limit);
    std::set<Duration> drawn;
    for (int i = 0; i < 1000; ++i) drawn.insert(times.draw(RcptNeeds::mail));
    CHECK(*drawn.begin() == 68ms);
    CHECK(*drawn.rbegin() == 99ms);
    CHECK(drawn.size() == 32);
}

TEST_CASE("a place that was not seen takes as long as the nearest one") {
    RefusalTimes times;
    times.learn({RcptNeeds::connection, 0, 8ms, true}, soft_limit);
    CHECK(times.draw(RcptNeeds::nothing) == 8ms);
    times.learn({RcptNeeds::mail, 0, 4ms, true}, soft_limit);
    CHECK(times.draw(RcptNeeds::nothing) == 4ms);
    CHECK(times.draw(RcptNeeds::connection) == 8ms);
    CHECK(times.draw_next() == 2ms);
    times.learn_next(1ms);
    CHECK(times.draw_next() == 1ms);
    times.learn_next(-5ms);
    CHECK(times.draw_next() >= 0ms);
}

TEST_CASE("refusals count more than what was accepted") {
    RefusalTimes times;
    times.learn({RcptNeeds::nothing, 0, 9ms, false}, soft_limit);
    CHECK(times.draw(RcptNeeds::nothing) == 9ms);
    times.learn({RcptNeeds::nothing, 0, 3ms, true}, soft_limit);
    times.learn({RcptNeeds::nothing, 0, 9ms, false}, soft_limit);
    for (int i = 0; i < 20; ++i) CHECK(times.draw(RcptNeeds::nothing) == 3ms);
}

TEST_CASE("the pause is that of Postfix until another one was seen") {
    RefusalTimes times;
    CHECK(times.pause(9, soft_limit) == 0s);
    CHECK(times.pause(10, soft_limit) == 1s);
    times.learn({RcptNeeds::nothing, 0, 5ms, true}, soft_limit);

    SECTION("none") {
        times.learn({RcptNeeds::nothing, 12, 6ms, true}, soft_limit);
        CHECK(times.pause(12, soft_limit) == 0s);
        CHECK(times.pause(19, soft_limit) == 0s);
    }
    SECTION("earlier and longer") {
        times.learn({RcptNeeds::nothing, 3, 2305ms, true}, soft_limit);
        CHECK(times.pause(2, soft_limit) == 0s);
        CHECK(times.pause(3, soft_limit) == 2s);
        // What was slow once for a reason of its own is forgotten.
        times.learn({RcptNeeds::nothing, 5, 5ms, true}, soft_limit);
        CHECK(times.pause(5, soft_limit) == 0s);
        CHECK(times.draw(RcptNeeds::nothing) == 5ms);
    }
    SECTION("a pause for MAIL and one for RCPT") {
        times.learn({RcptNeeds::mail, 10, 2005ms, true}, soft_limit);
        CHECK(times.pause(10, soft_limit) == 1s);
    }
    SECTION("what is slow for another reason is none") {
        times.learn({RcptNeeds::nothing, 2, 1005ms, true}, soft_limit);
        CHECK(times.pause(2, soft_limit) == 0s);
        times.learn({RcptNeeds::nothing, 4, 7s, true}, soft_limit);
        CHECK(times.pause(4, soft_limit) == 0s);
    }
    SECTION("a slow server is not one that slows down") {
        times.learn({RcptNeeds::nothing, 0, 3s, true}, soft_limit);
        CHECK(times.pause(1, soft_limit) == 0s);
    }
}

TEST_CASE("what was seen is told to other threads once") {
    RefusalTimes here;
    RefusalTimes there;
    here.learn({RcptNeeds::mail, 0, 4ms, true}, soft_limit);
    const auto news = here.take_news();
    REQUIRE(news.size() == 1);
    there.adopt(news.front(), soft_limit);
    CHECK(there.draw(RcptNeeds::mail) == 4ms);
    CHECK(there.take_news().empty());
    CHECK(here.take_news().empty());
    here.learn({RcptNeeds::mail, 0, 4ms, false}, soft_limit);
    CHECK(here.take_news().empty());

    // Enough is enough, but for a pause.
    for (int i = 0; i < 1000; ++i) here.learn({RcptNeeds::mail, 0, 4ms, true}, soft_limit);
    CHECK(here.take_news().size() == 31);
    here.learn({RcptNeeds::nothing, 5, 1004ms, true}, soft_limit);
    CHECK(here.take_news().size() == 1);
    here.learn({RcptNeeds::nothing, 6, 1004ms, true}, soft_limit);
    CHECK(here.take_news().empty());
}

}  // namespace smtpblock::smtp
