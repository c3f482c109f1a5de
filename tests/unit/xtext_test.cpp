#include "daemon/smtp/xtext.h"

#include <catch2/catch.hpp>
#include <string>

namespace smtpblock::smtp {

TEST_CASE("xtext is decoded, and nothing is where it is none") {
    CHECK(decoded_xtext("") == "");
    CHECK(decoded_xtext("e+3Dmc2@example.com") == "e=mc2@example.com");  // RFC 4954 4
    CHECK(decoded_xtext("+2b+2B") == "++");
    CHECK(decoded_xtext("a=b") == "a=b");
    for (const char* bad : {"+", "a+4", "bob+tag@example.com", "+-1"})
        CHECK_FALSE(decoded_xtext(bad));
}

TEST_CASE("any octets come back from xtext") {
    std::string all;
    for (int octet = 0; octet < 256; ++octet) all += static_cast<char>(octet);
    const std::string encoded = encoded_xtext(all);
    CHECK(encoded.find_first_of(" =\n") == std::string::npos);
    CHECK(decoded_xtext(encoded) == all);
    CHECK(encoded_xtext("bob+tag@example.com") == "bob+2Btag@example.com");
}

}  // namespace smtpblock::smtp
