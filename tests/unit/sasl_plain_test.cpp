#include "daemon/smtp/sasl_plain.h"

#include <catch2/catch.hpp>
#include <string>

namespace smtpblock::smtp {
namespace {

using namespace std::string_literals;

}  // namespace

TEST_CASE("PLAIN is parted at its NULs") {
    const std::string decoded = "admin\0bob\0se\0cret"s;
    const auto message = PlainMessage::parse(decoded);
    CHECK(message.well_formed);
    CHECK(message.authorization == "admin");
    CHECK(message.authentication == "bob");
    CHECK(message.secret == "se\0cret"s);
    CHECK(message.with_secret("other").view() == "admin\0bob\0other"s);
    CHECK_FALSE(PlainMessage::parse("bob").well_formed);
    CHECK_FALSE(PlainMessage::parse("\0bob"s).well_formed);
    CHECK(PlainMessage::parse("\0\0"s).well_formed);
}

}  // namespace smtpblock::smtp
