#include "common/address.h"

#include <catch2/catch.hpp>

namespace smtpblock {
namespace {

std::string form(std::string_view mailbox) {
    const auto address = Address::parse(mailbox);
    return address ? address->text() : "none";
}

std::string identity(std::string_view written, std::string_view auth_domain) {
    const Address address = Address::of_identity(written, auth_domain);
    return address.local + "|" + address.domain;
}

}  // namespace

TEST_CASE("two spellings of one address are one address") {
    const auto plain = Address::parse("user@example.com");
    REQUIRE(plain);
    for (const auto* spelling :
         {"USER@example.com", "user@EXAMPLE.com", "user@example.com.", "\"user\"@example.com",
          "\"u\\ser\"@example.com", "\"\\u\\s\\e\\r\"@Example.Com", "\"USER\"@example.com."}) {
        CAPTURE(spelling);
        CHECK(Address::parse(spelling) == plain);
    }
    CHECK(Address::parse("a@[192.0.2.7]") == Address::parse("A@[IPv6:::FFFF:192.0.2.7]"));
    CHECK_FALSE(Address::parse("a.@example.com") == Address::parse("a@example.com"));
}

TEST_CASE("spellings beyond ASCII are one address") {
    const auto plain = Address::parse("\u00fcber@b\u00fccher.example");
    REQUIRE(plain);
    for (const auto* spelling :
         {"\u00dcBER@B\u00dcCHER.example", "u\u0308ber@bu\u0308cher.example",
          "\"\u00dcber\"@xn--bcher-kva.example", "\u00fcber@b\u00fccher\uff0eexample\u3002"}) {
        CAPTURE(spelling);
        CHECK(Address::parse(spelling) == plain);
    }
    CHECK(form("stra\u00dfe@stra\u00dfe.example") == "strasse@xn--strae-oqa.example");
    CHECK(form("b\xfc@example.com") == "none");
    CHECK(form("\"b\xfc\"@example.com") == "none");
    CHECK(form("\u037e@example.com") == "\";\"@example.com");
    CHECK(identity("\u00dcber@B\u00fccher.example", "") == "\u00fcber|xn--bcher-kva.example");
    CHECK(identity("\u00dcber Alles@x y", "") == "\u00fcber alles|x y");
    CHECK(identity("B\xfc@Example.com", "") == "b\xfc|example.com");
}

TEST_CASE("a local part is quoted where it must be, and only there") {
    CHECK(form("a.b@example.com") == "a.b@example.com");
    CHECK(form("\"a.b\"@example.com") == "a.b@example.com");
    CHECK(form("a..b@example.com") == "\"a..b\"@example.com");
    CHECK(form(".a@example.com") == "\".a\"@example.com");
    CHECK(form("a.@example.com") == "\"a.\"@example.com");
    CHECK(form(".@example.com") == "\".\"@example.com");
    CHECK(form("\"a b\"@example.com") == "\"a b\"@example.com");
    CHECK(form("\"a@b\"@c") == "\"a@b\"@c");
    CHECK(form("\"a\\\"@b\"@c") == "\"a\\\"@b\"@c");
    CHECK(form("\"a\\\\\"@c") == "\"a\\\\\"@c");
    CHECK(form("\"\"@example.com") == "\"\"@example.com");
    CHECK(form("\xc3\xbc@example.com") == "\xc3\xbc@example.com");
    CHECK(Address{"bob", ""}.text() == "bob");
}

TEST_CASE("what is malformed is no address") {
    using namespace std::string_view_literals;
    for (const auto text : {""sv,
                            "@"sv,
                            "user"sv,
                            "user@"sv,
                            "@example.com"sv,
                            "a@b@c"sv,
                            "a b@c"sv,
                            "a@b c"sv,
                            "a@b..c"sv,
                            "\"a@c"sv,
                            "\"a\"b@c"sv,
                            "a\"b\"@c"sv,
                            "\"a\\\"@c"sv,
                            "\"a\""sv,
                            "\"a\"@"sv,
                            "\""sv,
                            "\"\\"sv,
                            "<a@b>"sv,
                            "a@b>"sv,
                            "a,b@c"sv,
                            "a(x)@c"sv,
                            "a@[1.2.3]"sv,
                            "a\r@b"sv,
                            "a\0@b"sv,
                            "\"a\nb\"@c"sv,
                            "\"a\\\rb\"@c"sv,
                            "\"\x7f\"@c"sv,
                            "a@b\r\n"sv,
                            "a@b\0"sv,
                            "\"a\"\"b\"@c"sv}) {
        CAPTURE(std::string(text));
        CHECK(form(text) == "none");
    }
}

TEST_CASE("a canonical address is its own canonical form") {
    for (const auto* spelling :
         {"a..b@x", "\"a\\\"\\\\b\"@[::1]", "\"\"@x.", "\"a@b\"@c", "\" \"@x"}) {
        CAPTURE(spelling);
        CHECK(form(form(spelling)) == form(spelling));
        CHECK(form(spelling) != "none");
    }
}

TEST_CASE("an identity is an address, completed where it has no domain") {
    CHECK(identity("bob", "example.com") == "bob|example.com");
    CHECK(identity("BOB", "Example.COM") == "bob|example.com");
    CHECK(identity("bob", "example.com.") == "bob|example.com");
    CHECK(identity("bob", "") == "bob|");
    CHECK(identity("Bob@Other.Example.", "example.com") == "bob|other.example");
    CHECK(identity("\"bob\"@other.example", "") == "bob|other.example");
    CHECK(identity("\"bob\"", "example.com") == "bob|example.com");
}

TEST_CASE("a name at AUTH that is no address is compared as it is") {
    CHECK(identity("Bob Smith", "example.com") == "bob smith|example.com");
    CHECK(identity("DOMAIN\\Bob", "example.com") == "domain\\bob|example.com");
    CHECK(identity("a b@Example.com.", "x") == "a b|example.com");
    CHECK(identity("a@b@Example.com", "x") == "a@b|example.com");
    CHECK(identity("bob@exa mple", "x") == "bob|exa mple");
    CHECK(identity("bob@", "x") == "bob|x");
    CHECK(identity("@", "x") == "|x");
    CHECK(identity("@x.example", "x") == "|x.example");
    CHECK(identity("", "x") == "|x");
    CHECK(identity("\"bob", "x") == "\"bob|x");
}

}  // namespace smtpblock
