#include "daemon/net/client_count.h"

#include <catch2/catch.hpp>

namespace smtpblock::net {
namespace {

IpAddress address(const char* text) {
    return *IpAddress::parse(text);
}

}  // namespace

TEST_CASE("a client is an IPv4 address, or the /64 of an IPv6 one") {
    ClientCount count(2);
    CHECK(count.enter(address("192.0.2.1")));
    CHECK(count.enter(address("192.0.2.1")));
    CHECK_FALSE(count.enter(address("192.0.2.1")));
    CHECK(count.enter(address("192.0.2.2")));
    CHECK(count.enter(address("2001:db8::1")));
    CHECK(count.enter(address("2001:db8::2")));
    CHECK_FALSE(count.enter(address("2001:db8:0:0:ffff::3")));
    CHECK(count.enter(address("2001:db8:0:1::1")));
}

TEST_CASE("who has left is forgotten") {
    ClientCount count(1);
    CHECK(count.enter(address("192.0.2.1")));
    CHECK(count.clients() == 1);
    count.leave(address("192.0.2.1"));
    CHECK(count.clients() == 0);
    CHECK(count.enter(address("192.0.2.1")));
    count.leave(address("192.0.2.9"));  // never came
    CHECK(count.clients() == 1);
}

}  // namespace smtpblock::net
