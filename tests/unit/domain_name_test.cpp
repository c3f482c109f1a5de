#include "common/domain_name.h"

#include <catch2/catch.hpp>

namespace smtpblock {
namespace {

std::string form(std::string_view written) {
    return canonical_domain(written).value_or("none");
}

}  // namespace

TEST_CASE("domains are compared without case and trailing dot") {
    CHECK(form("Example.COM") == "example.com");
    CHECK(form("example.com.") == "example.com");
    CHECK(form("a_b.-x-.example") == "a_b.-x-.example");
    CHECK(form("com") == "com");
    CHECK(form(std::string(300, 'x')) == std::string(300, 'x'));
}

TEST_CASE("U-labels and A-labels are one") {
    CHECK(form("b\u00fccher.example") == "xn--bcher-kva.example");
    CHECK(form("B\u00dcCHER\uff61example\u3002") == "xn--bcher-kva.example");
    CHECK(form("XN--BCHER-KVA.example") == "xn--bcher-kva.example");
    CHECK(form("xn--a.example") == "xn--a.example");
    CHECK(form("\U0001f600.example") == "\U0001f600.example");
}

TEST_CASE("an address literal has one form in a domain, and needs its brackets") {
    CHECK(form("[192.0.2.7]") == "[192.0.2.7]");
    CHECK(form("[ipv6:2001:DB8::0:1]") == "[IPv6:2001:db8::1]");
    CHECK(form("[IPv6:::ffff:192.0.2.7]") == "[192.0.2.7]");
    CHECK(form("[192.0.2.007]") == "[192.0.2.7]");
    CHECK(form("192.0.2.7") == "192.0.2.7");
    CHECK(form("[192.0.2.0007]") == "none");
    CHECK(form("[192.0.2.7") == "none");
    CHECK(form("[x]") == "none");
    CHECK(form("[]") == "none");
    CHECK(form("[") == "none");
}

TEST_CASE("what no domain can be is none") {
    using namespace std::string_view_literals;
    for (const auto text : {""sv,
                            "."sv,
                            ".."sv,
                            "a..b"sv,
                            ".a"sv,
                            "a.."sv,
                            "a b"sv,
                            "a@b"sv,
                            "a\0"sv,
                            "a\r\n"sv,
                            "a/b"sv,
                            "<a>"sv,
                            "a,b"sv,
                            "2001:db8::1"sv,
                            "\"a\""sv,
                            "a\\b"sv,
                            "a*"sv,
                            "a\u3002\u3002b"sv,
                            "\u3002"sv,
                            "b\xfc.example"sv,
                            "a\u037e\u00fc"sv}) {
        CAPTURE(std::string(text));
        CHECK(form(text) == "none");
    }
}

TEST_CASE("a name in the DNS may have underscores as well") {
    CHECK(is_dns_name("_dmarc.a_b.example"));
    CHECK_FALSE(is_dns_name("-a.example"));
    CHECK_FALSE(is_dns_name("a..b"));
    CHECK_FALSE(is_dns_name(std::string(64, 'x') + ".example"));
    CHECK_FALSE(is_dns_name("b\u00fc"));
}

TEST_CASE("a host name has letters, digits and inner hyphens") {
    CHECK(is_host_name("mail.example.com"));
    CHECK(is_host_name("mail.example.com."));
    CHECK(is_host_name("3com"));
    CHECK(is_host_name(std::string(63, 'x') + ".example"));
    for (const auto& name :
         {std::string(), std::string("."), std::string("a..b"), std::string("a_b"),
          std::string("-a"), std::string("a-.b"), std::string("[192.0.2.7]"),
          std::string("b\xc3\xbc"), std::string(64, 'x')}) {
        CAPTURE(name);
        CHECK_FALSE(is_host_name(name));
    }
    std::string longest;
    for (int i = 0; i < 127; ++i) longest += "x.";
    CHECK(is_host_name(longest));
    CHECK_FALSE(is_host_name("y" + longest));
}

}  // namespace smtpblock
