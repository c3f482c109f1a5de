#include "daemon/smtp/sasl.h"

#include <catch2/catch.hpp>
#include <string>

namespace smtpblock::smtp {
namespace {

using namespace std::string_literals;

std::array<unsigned char, 32> hash(std::string_view text) {
    std::array<unsigned char, 32> out{};
    unsigned state = 7;
    for (const char c : text) state = state * 31 + static_cast<unsigned char>(c);
    for (unsigned char& octet : out)
        octet = static_cast<unsigned char>((state = state * 75 + 74) >> 8U);
    return out;
}

}  // namespace

TEST_CASE("PLAIN is parted at its NULs") {
    const std::string decoded = "admin\0bob\0se\0cret"s;
    const auto message = PlainMessage::parse(decoded);
    CHECK(message.well_formed);
    CHECK(message.authorization == "admin");
    CHECK(message.authentication == "bob");
    CHECK(message.secret == "se\0cret"s);
    CHECK(message.with_secret("other") == "admin\0bob\0other"s);
    CHECK_FALSE(PlainMessage::parse("bob").well_formed);
    CHECK_FALSE(PlainMessage::parse("\0bob"s).well_formed);
    CHECK(PlainMessage::parse("\0\0"s).well_formed);
}

TEST_CASE("a spoilt secret is always the same, of the same length, and never the right one") {
    for (const std::size_t octets : {1U, 2U, 8U, 31U, 32U, 33U, 200U}) {
        const std::string secret(octets, 'A');
        const auto wrong = spoilt(Mechanism::plain, "bob", secret, hash);
        CHECK(wrong.size() == octets);
        CHECK(wrong != secret);
        CHECK(wrong == spoilt(Mechanism::plain, "bob", secret, hash));
        CHECK(wrong.find(secret) == std::string::npos);
    }
    for (char c = '!'; c <= '~'; ++c)
        CHECK(spoilt(Mechanism::login, "bob", {&c, 1}, hash) != std::string(1, c));
}

TEST_CASE("another user's or mechanism's secret is spoilt to another one") {
    const auto wrong = spoilt(Mechanism::plain, "bob", "long secret", hash);
    CHECK(wrong != spoilt(Mechanism::plain, "alice", "long secret", hash));
    CHECK(wrong != spoilt(Mechanism::login, "bob", "long secret", hash));
    CHECK(wrong != spoilt(Mechanism::plain, "bob", "long secreT", hash));
}

TEST_CASE("a secret that is what it would be spoilt to is spoilt to another one") {
    const auto zeros = [](std::string_view) { return std::array<unsigned char, 32>{}; };
    const auto wrong = spoilt(Mechanism::plain, "bob", "some secret", zeros);
    CHECK(spoilt(Mechanism::plain, "bob", wrong, zeros) != wrong);
}

TEST_CASE("an empty secret is spoilt too, since it could be the right one") {
    CHECK_FALSE(spoilt(Mechanism::plain, "bob", "", hash).empty());
}

}  // namespace smtpblock::smtp
