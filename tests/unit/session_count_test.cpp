#include "daemon/net/front/session_count.h"

#include <catch2/catch.hpp>
#include <vector>

namespace smtpblock::net {
namespace {

/// A count, and those who have entered it.
struct Counted {
    SessionCount count;
    std::vector<SessionCount::Place> places;

    Counted(std::size_t sessions, std::size_t per_client) : count({sessions, per_client}) {}

    bool enter(const char* client) { return take(count.enter(*IpAddress::parse(client))); }
    bool enter() { return take(count.enter(std::nullopt)); }

private:
    bool take(std::optional<SessionCount::Place> place) {
        if (place) places.push_back(*std::move(place));
        return place.has_value();
    }
};

}  // namespace

TEST_CASE("a client is an IPv4 address, or the /64 of an IPv6 one") {
    Counted all(100, 2);
    CHECK(all.enter("192.0.2.1"));
    CHECK(all.enter("192.0.2.1"));
    CHECK_FALSE(all.enter("192.0.2.1"));
    CHECK(all.enter("192.0.2.2"));
    CHECK(all.enter("2001:db8::1"));
    CHECK(all.enter("2001:db8::2"));
    CHECK_FALSE(all.enter("2001:db8:0:0:ffff::3"));
    CHECK(all.enter("2001:db8:0:1::1"));
    CHECK(all.count.sessions() == 6);
}

TEST_CASE("who has left is forgotten") {
    Counted all(100, 1);
    CHECK(all.enter("192.0.2.1"));
    CHECK(all.count.clients() == 1);
    all.places.clear();
    CHECK(all.count.clients() == 0);
    CHECK(all.count.sessions() == 0);
    CHECK(all.enter("192.0.2.1"));
}

TEST_CASE("an address of many clients has no limit but that of all sessions") {
    Counted all(3, 1);
    for (int i = 0; i < 3; ++i) CHECK(all.enter());
    CHECK(all.count.clients() == 0);
    CHECK_FALSE(all.enter());
    CHECK_FALSE(all.enter("192.0.2.1"));
    CHECK(all.count.clients() == 0);
    all.places.pop_back();
    CHECK(all.enter("192.0.2.1"));
}

TEST_CASE("new limits are for those who come later") {
    Counted all(1, 1);
    CHECK(all.enter("192.0.2.1"));
    all.count.limit({3, 2});
    CHECK(all.enter("192.0.2.1"));
    CHECK_FALSE(all.enter("192.0.2.1"));
    all.count.limit({1, 1});
    CHECK_FALSE(all.enter("192.0.2.2"));
    CHECK(all.count.sessions() == 2);
}

}  // namespace smtpblock::net
