#include "common/ehlo_name.h"

#include <catch2/catch.hpp>

namespace smtpblock {
namespace {

using namespace std::string_literals;

std::string form(std::string_view argument) {
    return EhloName::parse(argument).text;
}

}  // namespace

TEST_CASE("EHLO names are compared without case and trailing dots") {
    CHECK(form("Mail.EXAMPLE.com") == "mail.example.com");
    CHECK(form("mail.example.com.") == "mail.example.com");
    CHECK(form("mail.example.com..") == "mail.example.com");
    CHECK(form("YLMF-PC") == "ylmf-pc");
    CHECK(form(".") == ".");
    CHECK(form("..") == ".");
    CHECK(form("()") == "()");
    CHECK(form("\xff\x01") == "\xff\x01");
    CHECK(form(std::string(2000, 'N')) == std::string(2000, 'n'));
    CHECK_FALSE(EhloName::parse("mail.example.com").address);
}

TEST_CASE("EHLO names beyond ASCII are compared as A-labels, else folded") {
    CHECK(form("b\u00fccher.example") == "xn--bcher-kva.example");
    CHECK(form("BU\u0308CHER\uff0eexample.") == "xn--bcher-kva.example");
    CHECK(form("b\u00fccher.example\u3002") == "xn--bcher-kva.example");
    CHECK(form("B\u00dcRO()") == "b\u00fcro()");
    CHECK(form("\u00dc().b\u00fccher") == "\u00fc().xn--bcher-kva");
    CHECK(form("\u200b") == "\u200b");
    CHECK(form("x\u00fc\0y"s) == "x\u00fc\0y"s);
    CHECK(form("B\xfc.Example") == "b\xfc.example");
}

TEST_CASE("no name, an empty one and a quoted empty one are the same") {
    CHECK(form("").empty());
    CHECK(form("\"\"").empty());
    CHECK(form("\"\".").empty());
    CHECK_FALSE(form("\"").empty());
}

TEST_CASE("an address literal is an address in any spelling") {
    for (const auto* spelling :
         {"192.0.2.7", "[192.0.2.7]", "[192.0.2.7].", "192.0.2.7.", "::ffff:192.0.2.7",
          "[IPv6:::FFFF:c000:207]", "IPv6:::ffff:192.0.2.7", "192.0.2.007", "[192.000.002.07]",
          "[192.0.2.7", "192.0.2.7]", "[192.0.2.7.", "[IPv6:::ffff:192.0.2.007",
          "\uff11\uff19\uff12.0.2.7"}) {
        CAPTURE(spelling);
        const EhloName name = EhloName::parse(spelling);
        CHECK(name.text == "[192.0.2.7]");
        CHECK(name.address == IpAddress::parse("192.0.2.7"));
        CHECK(name == EhloName::parse("[192.0.2.7]"));
    }
    CHECK(form("2001:DB8::0:1") == "[IPv6:2001:db8::1]");
}

TEST_CASE("what only looks like a literal is a name") {
    using namespace std::string_view_literals;
    for (const auto text : {"[[192.0.2.7"sv, "192.0.2.7:25"sv, "192.0.2.0007"sv, "192.0.2"sv,
                            "[]"sv, "["sv, "]"sv, "192.0.2.7\0"sv, "0xc0.0.2.7"sv}) {
        CAPTURE(std::string(text));
        CHECK_FALSE(EhloName::parse(text).address);
        CHECK(form(text) == text);
    }
}

}  // namespace smtpblock
