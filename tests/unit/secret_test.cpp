#include "daemon/smtp/secret.h"

#include <catch2/catch.hpp>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "common/base64.h"

namespace smtpblock::smtp {
namespace {

static_assert(!fmt::is_formattable<Secret>::value);
static_assert(!std::is_copy_constructible_v<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) {
    out << value;
};
static_assert(Streamable<int> && !Streamable<Secret>);

}  // namespace

TEST_CASE("what a secret has given up is wiped") {
    Secret secret("a rather long password");
    secret.reserve(100);
    char* const place = secret.resize(secret.size());

    secret.resize(8);
    CHECK(secret.view() == "a rather");
    CHECK(std::string_view(place + 8, 14) == std::string(14, '\0'));
    secret.assign("b");
    CHECK(secret.view() == "b");
    CHECK(std::string_view(place, 8) == std::string("b\0\0\0\0\0\0\0", 8));
}

TEST_CASE("a secret moves as a whole") {
    Secret from("password");
    Secret to("other");
    to = std::move(from);
    CHECK(to.view() == "password");
    CHECK(Secret(std::move(to)).append(" and more").view() == "password and more");
}

TEST_CASE("base64 goes into secrets and out of them") {
    for (const std::string octets : {"", "a", "ab", "abc", "abcd"}) {
        Secret out("AUTH ");
        append_base64(out, octets);
        CHECK(out.view() == "AUTH " + base64_encode(octets));
        CHECK(decoded_base64(out.view().substr(5))->view() == octets);
    }
    CHECK_FALSE(decoded_base64("Zg="));
    CHECK_FALSE(decoded_base64("Zm9v!A=="));
}

}  // namespace smtpblock::smtp
