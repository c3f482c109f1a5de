#include "common/ip_address.h"

#include <catch2/catch.hpp>

namespace smtpblock {
namespace {

using namespace std::string_literals;

std::string spelt(std::string_view text) {
    const auto address = IpAddress::parse(text);
    return address ? address->text() : "none";
}

bool inside(std::string_view network, std::string_view address) {
    const auto parsed = IpNetwork::parse(network);
    REQUIRE(parsed);
    return parsed->contains(*IpAddress::parse(address));
}

}  // namespace

TEST_CASE("an address has one form, whatever it was spelt like") {
    CHECK(spelt("192.0.2.7") == "192.0.2.7");
    CHECK(spelt("[192.0.2.7]") == "192.0.2.7");
    CHECK(spelt("2001:DB8:0::1") == "2001:db8::1");
    CHECK(spelt("[IPv6:2001:db8::1]") == "2001:db8::1");
    CHECK(spelt("iPV6:2001:db8::1") == "2001:db8::1");
    CHECK(spelt("2001:db8:0:0:1:0:0:1") == "2001:db8::1:0:0:1");
    CHECK(spelt("0000:0000:0000:0000:0000:ffff:192.168.100.200") == "192.168.100.200");
    CHECK(spelt("0064:ff9b:0000:0000:0000:0000:192.168.100.200") == "64:ff9b::c0a8:64c8");
    CHECK(spelt("::ffff:c000:207") == "192.0.2.7");
    CHECK(IpAddress::parse("192.0.2.7")->literal() == "[192.0.2.7]");
    CHECK(IpAddress::parse("2001:db8::1")->literal() == "[IPv6:2001:db8::1]");
    CHECK(*IpAddress::parse("::ffff:192.0.2.7") == *IpAddress::parse("192.0.2.7"));
    CHECK(IpAddress::parse("::ffff:192.0.2.7")->is_v4());
    CHECK_FALSE(IpAddress::parse("::192.0.2.7")->is_v4());
}

TEST_CASE("what only looks like an address is none") {
    using namespace std::string_view_literals;
    for (const auto text : {""sv,
                            "[]"sv,
                            "["sv,
                            "]"sv,
                            "[192.0.2.7"sv,
                            "192.0.2.7]"sv,
                            "[[192.0.2.7]]"sv,
                            "192.0.2"sv,
                            "192.0.2.256"sv,
                            "192.0.2.07"sv,
                            "0x7f.0.0.1"sv,
                            "2130706433"sv,
                            " 192.0.2.7"sv,
                            "192.0.2.7 "sv,
                            "192.0.2.7."sv,
                            "192.0.2.7\0"sv,
                            "192.0.2.7\0x"sv,
                            "[192.0.2.7\0]"sv,
                            "2001:db8::1\0"sv,
                            "IPv6:"sv,
                            "[IPv6:192.0.2.7]"sv,
                            "IPv6:IPv6:::1"sv,
                            "IPv4:192.0.2.7"sv,
                            ":::"sv,
                            "1::2::3"sv,
                            "2001:db8::12345"sv,
                            "fe80::1%eth0"sv,
                            "2001:db8::/32"sv,
                            "1:2:3:4:5:6:7:8:9"sv,
                            "00000000000000000000000000000000000000000000000000::1"sv}) {
        CAPTURE(std::string(text));
        CHECK(spelt(text) == "none");
    }
}

TEST_CASE("a mail client's address may have leading zeros, which are decimal") {
    const auto literal = [](std::string_view text) {
        const auto address = IpAddress::of_literal(text);
        return address ? address->text() : "none";
    };
    CHECK(literal("192.0.2.7") == "192.0.2.7");
    CHECK(literal("192.0.2.007") == "192.0.2.7");
    CHECK(literal("[192.000.002.010]") == "192.0.2.10");
    CHECK(literal("000.0.00.0") == "0.0.0.0");
    CHECK(literal("[IPv6:::ffff:192.0.2.007]") == "192.0.2.7");
    CHECK(literal("64:ff9b::192.0.2.007") == "64:ff9b::c000:207");
    CHECK(literal("192.0.2.0007") == "none");
    CHECK(literal("192.0.2.0256") == "none");
    CHECK(literal("192.0.2.256") == "none");
    CHECK(literal("192.0.02") == "none");
    CHECK(literal("a192.0.2.007") == "none");
    CHECK(literal("192.0.2.007\0"s) == "none");
    CHECK(literal(std::string(1000, '0') + ".0.2.7") == "none");
}

TEST_CASE("octets make an address when there are 4 or 16") {
    CHECK(IpAddress::from_octets("abcd")->text() == "97.98.99.100");
    CHECK(IpAddress::from_octets(std::string(15, '\0') + '\1')->text() == "::1");
    CHECK(IpAddress::from_octets(IpAddress::parse("192.0.2.7")->octets())->text() == "192.0.2.7");
    CHECK_FALSE(IpAddress::from_octets(""));
    CHECK_FALSE(IpAddress::from_octets("abc"));
    CHECK_FALSE(IpAddress::from_octets(std::string(17, 'x')));
}

TEST_CASE("a network holds the addresses whose leading bits are its own") {
    CHECK(inside("192.0.2.0/24", "192.0.2.0"));
    CHECK(inside("192.0.2.0/24", "192.0.2.255"));
    CHECK_FALSE(inside("192.0.2.0/24", "192.0.3.0"));
    CHECK(inside("192.0.2.128/25", "192.0.2.129"));
    CHECK_FALSE(inside("192.0.2.128/25", "192.0.2.127"));
    CHECK(inside("192.0.2.6/31", "192.0.2.7"));
    CHECK_FALSE(inside("192.0.2.6/31", "192.0.2.5"));
    CHECK(inside("192.0.2.7", "192.0.2.7"));
    CHECK_FALSE(inside("192.0.2.7", "192.0.2.6"));
    CHECK(inside("192.0.2.0/24", "::ffff:192.0.2.9"));
    CHECK(inside("0.0.0.0/0", "203.0.113.9"));
    CHECK_FALSE(inside("0.0.0.0/0", "2001:db8::1"));
    CHECK(inside("2001:db8::/33", "2001:db8:7fff::1"));
    CHECK_FALSE(inside("2001:db8::/33", "2001:db8:8000::1"));
    CHECK(inside("::/0", "2001:db8::1"));
    CHECK_FALSE(inside("::/0", "192.0.2.7"));
}

TEST_CASE("a malformed network, or one with host bits set, is none") {
    for (const auto* text :
         {"", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/x", "192.0.2.0/24x", "192.0.2.0/-1",
          "192.0.2.0/+8", "192.0.2.0/24/24", "192.0.2.1/24", "192.0.2.0/99999999999",
          "2001:db8::1/32", "2001:db8::/129", "a/8"}) {
        CAPTURE(text);
        CHECK_FALSE(IpNetwork::parse(text));
    }
}

}  // namespace smtpblock
