#include "common/time_text.h"

#include <catch2/catch.hpp>
#include <cstdlib>

using namespace smtpblock;
using namespace std::chrono_literals;

namespace {

/// Local time is that of Berlin: UTC+1, in summer UTC+2.
void live_in_berlin() {
    ::setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    ::tzset();
}

Time at(const char* utc) {
    const auto time = parse_time(utc, Time{});
    REQUIRE(time);
    return *time;
}

}  // namespace

TEST_CASE("a duration is numbers with units, the larger unit first") {
    CHECK(*parse_duration("90s") == 90s);
    CHECK(*parse_duration("15m") == 15min);
    CHECK(*parse_duration("2h30m") == 150min);
    CHECK(*parse_duration("3d") == 72h);
    CHECK(*parse_duration("1w2d3h4m5s") == 9 * 24h + 3h + 4min + 5s);
    CHECK(*parse_duration("0s") == 0s);
}

TEST_CASE("what is no duration is refused with what to write") {
    for (const char* bad :
         {"", "15", "m", "m15", "15 m", "-1h", "1h1h", "30m2h", "1y", "1.5h", "1h ", "1h30"}) {
        INFO(bad);
        const auto duration = parse_duration(bad);
        REQUIRE_FALSE(duration);
        CHECK(duration.error().code == ErrorCode::bad_input);
        CHECK(duration.error().message.find("write 90s") != std::string::npos);
    }
    for (const char* huge :
         {"99999999999999999999999w", "9223372036854775807s", "1001d9999999999h", "53000w"}) {
        INFO(huge);
        CHECK_FALSE(parse_duration(huge));
    }
}

TEST_CASE("a time with a zone is RFC 3339") {
    CHECK(at("1970-01-01T00:00:00Z") == Time{});
    CHECK(at("2026-12-01T17:00:00Z") == at("2026-12-01T18:00:00+01:00"));
    CHECK(at("2026-12-01t17:00:00.75z") == at("2026-12-01 17:00Z"));
    CHECK(at("2026-12-01T17:00:00Z") == at("2026-12-01T12:30:00-04:30"));
    CHECK(utc_text(at("1970-01-01T00:00:00Z")) == "1970-01-01T00:00:00Z");
    CHECK(utc_text(at("9999-12-31T23:59:59Z")) == "9999-12-31T23:59:59Z");
    CHECK(utc_text(at("2024-02-29T09:08:07Z")) == "2024-02-29T09:08:07Z");
    CHECK(utc_text(at("2028-02-29T23:59:60Z")) == "2028-03-01T00:00:00Z");
}

TEST_CASE("a time without a zone is local") {
    live_in_berlin();
    CHECK(at("2026-12-01") == at("2026-11-30T23:00:00Z"));
    CHECK(at("2026-12-01 18:00") == at("2026-12-01T17:00:00Z"));
    CHECK(at("2026-07-01T18:00:30") == at("2026-07-01T16:00:30Z"));
    CHECK(local_text(at("2026-12-01T17:00:00Z")) == "2026-12-01 18:00:00 CET");
    CHECK_FALSE(local_text(Time::max()).empty());  // no year that localtime_r() knows
}

TEST_CASE("a time of day is the next one") {
    live_in_berlin();
    const Time now = at("2026-12-01T16:30:00Z");  // 17:30 here
    CHECK(*parse_time("18:00", now) == at("2026-12-01T17:00:00Z"));
    CHECK(*parse_time("17:30", now) == at("2026-12-02T16:30:00Z"));
    CHECK(*parse_time("00:00", now) == at("2026-12-01T23:00:00Z"));
    CHECK(*parse_time("18:00", at("2026-12-31T20:00:00Z")) == at("2027-01-01T17:00:00Z"));
}

TEST_CASE("what is no time is refused with what to write") {
    for (const char* bad : {"", "tomorrow", "2026-13-01", "2026-02-29", "2026-12-01T", "24:00",
                            "18:60", "8:00", "2026-12-01T18:00:00+1", "1969-12-31", "2026-12-01 18",
                            "2026-12-01T17:00:00Zz", "20261201", "18:00Z", "2026-12-0118:00"}) {
        INFO(bad);
        const auto time = parse_time(bad, Time{});
        REQUIRE_FALSE(time);
        CHECK(time.error().message.find("write 2026-12-01") != std::string::npos);
    }
}

TEST_CASE("a duration is shown in its two largest units") {
    CHECK(duration_text(0s) == "0s");
    CHECK(duration_text(59s) == "59s");
    CHECK(duration_text(150min) == "2h30m");
    CHECK(duration_text(150min + 7s) == "2h30m");
    CHECK(duration_text(72h) == "3d");
    CHECK(duration_text(9 * 24h + 5h) == "1w2d");
    CHECK(duration_text(24h + 5s) == "1d");
}
