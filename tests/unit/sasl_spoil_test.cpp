#include "daemon/smtp/sasl_spoil.h"

#include <catch2/catch.hpp>
#include <string>

#include "unit/sasl_support.h"

namespace smtpblock::smtp {
namespace {

std::string password(std::string_view secret, const KeyedHash& hash = test_keyed_hash()) {
    Spoiler spoiler(secret, hash);
    return std::string(spoilt_password(spoiler, secret).view());
}

std::string token(std::string_view secret) {
    Spoiler spoiler(secret, test_keyed_hash());
    return std::string(spoilt_token(spoiler, secret).view());
}

std::string hex(std::string_view secret) {
    Spoiler spoiler(secret, test_keyed_hash());
    return std::string(spoilt_hex(spoiler, secret).view());
}

}  // namespace

TEST_CASE("a spoilt secret is always the same, of the same length, and never the right one") {
    for (const std::size_t octets : {1U, 2U, 8U, 31U, 32U, 33U, 200U}) {
        const std::string secret(octets, 'A');
        const auto wrong = password(secret);
        CHECK(wrong.size() == octets);
        CHECK(wrong != secret);
        CHECK(wrong == password(secret));
        CHECK(wrong.find(secret) == std::string::npos);
    }
    for (char c = '!'; c <= '~'; ++c) CHECK(password({&c, 1}) != std::string(1, c));
}

TEST_CASE("another secret is spoilt to another one") {
    CHECK(password("long secret") != password("long secreT"));
}

TEST_CASE("a secret that is what it would be spoilt to is spoilt to another one") {
    const KeyedHash zeros = [](std::string_view) { return std::array<unsigned char, 32>{}; };
    const auto wrong = password("some secret", zeros);
    CHECK(password(wrong, zeros) != wrong);
    Spoiler spoiler("", zeros);
    CHECK(spoilt_octets(spoiler, std::string(20, '\0')).view() != std::string(20, '\0'));
}

TEST_CASE("an empty secret is spoilt too, since it could be the right one") {
    CHECK_FALSE(password("").empty());
    CHECK_FALSE(token("").empty());
}

TEST_CASE("each digit of a digest becomes another one of its case") {
    const std::string lower = "0123456789abcdef0123456789abcdef";
    const std::string upper = "0123456789ABCDEF0123456789ABCDEF";
    for (const std::string& digest : {lower, upper, lower + "ff", std::string("abc")}) {
        const std::string wrong = hex(digest);
        REQUIRE(wrong.size() == digest.size());
        const bool is_upper = digest == upper;
        for (std::size_t i = 0; i < wrong.size(); ++i) CHECK(wrong[i] != digest[i]);
        CHECK(wrong.find_first_not_of(is_upper ? "0123456789ABCDEF" : "0123456789abcdef") ==
              std::string::npos);
    }
    CHECK(hex("xyz").size() == 3);
}

TEST_CASE("a token keeps its shape and none of its letters and digits") {
    const std::string right = "eyJhbGciOi.J9-abc_XYZ/019~+==";
    const std::string wrong = token(right);
    REQUIRE(wrong.size() == right.size());
    for (std::size_t i = 0; i < right.size(); ++i) {
        CAPTURE(i);
        if (std::string_view("._-/~+=").find(right[i]) != std::string_view::npos)
            CHECK(wrong[i] == right[i]);
        else
            CHECK(wrong[i] != right[i]);
    }
    CHECK(token("~~~~") != "~~~~");
}

}  // namespace smtpblock::smtp
