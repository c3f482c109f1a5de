#include "common/api_header.h"

#include <catch2/catch.hpp>

namespace smtpblock {
namespace {

std::string read(std::string_view written) {
    const auto header = ApiHeader::parse(written);
    return header ? header->name + "=" + header->value : "none";
}

}  // namespace

TEST_CASE("an API header is written as Dovecot has it") {
    CHECK(read("X-API-Key: secret") == "X-API-Key=secret");
    CHECK(read("X-API-Key:secret") == "X-API-Key=secret");
    CHECK(read("secret") == "X-API-Key=secret");
    CHECK(read("Authorization: Basic dTpw ") == "Authorization=Basic dTpw");
    CHECK(read("X-Key: a:b") == "X-Key=a:b");
}

TEST_CASE("what is no header, or has no key, is refused and not shown") {
    for (const char* bad : {"", " ", ":", "X-API-Key:", "X-API-Key: ", ": secret", "X Key: secret",
                            "X-API-Key: sec\nret", "X-API-Key: s\xc3\xa4"}) {
        const auto header = ApiHeader::parse(bad);
        REQUIRE_FALSE(header);
        CHECK(header.error().message.find("sec") == std::string::npos);
    }
}

TEST_CASE("a header is no longer than is read of a request") {
    const auto is_taken = [](std::size_t octets) {
        return ApiHeader::parse("X-API-Key: " + std::string(octets - 9, 'k')).has_value();
    };
    CHECK(is_taken(1024));
    CHECK_FALSE(is_taken(1025));
}

TEST_CASE("only the whole key is the key") {
    const ApiHeader header{"X-API-Key", "secret"};
    CHECK(header.is_value("secret"));
    for (const char* other :
         {"", "s", "secre", "secrets", "Secret", "secret secret", "secretsecret"})
        CHECK_FALSE(header.is_value(other));
}

}  // namespace smtpblock
