#include "common/base64.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

namespace smtpblock {

TEST_CASE("base64 has the values of RFC 4648 10") {
    const std::string text = "foobar";
    const char* const encoded[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (std::size_t i = 0; i <= text.size(); ++i) {
        CHECK(base64_encode(text.substr(0, i)) == encoded[i]);
        CHECK(base64_decode(encoded[i]) == text.substr(0, i));
    }
}

TEST_CASE("what another reader might read otherwise is not decoded") {
    for (const char* text : {"Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zg==Zg==",
                             "Z g=", "Zm9v\n", "Zm-_", "=", "Zm=v"})
        CHECK_FALSE(base64_decode(text));
}

TEST_CASE("what was encoded decodes to itself") {
    std::mt19937 random(4648);
    for (int round = 0; round < 500; ++round) {
        std::string octets(random() % 70, '\0');
        for (char& octet : octets) octet = static_cast<char>(random());
        CHECK(base64_decode(base64_encode(octets)) == octets);
    }
}

}  // namespace smtpblock
