#include "daemon/smtp/plain_octets.h"

#include <catch2/catch.hpp>
#include <string>

namespace smtpblock::smtp {

using namespace std::string_literals;

TEST_CASE("whole clean blocks are taken, and only what may be at the end is left") {
    std::string text;
    for (int line = 0; line < 200; ++line) text += std::string(76, 'x') + "\r\n";
    const std::size_t plain = plain_octets(text);
    CHECK(plain <= text.size());
    CHECK(text.size() - plain < 80);
}

TEST_CASE("no spoilt octet is ever among the plain ones, wherever it stands") {
    for (const std::string& spoilt : {"\n"s, "\r"s, "\0"s, "\r\n."s, "\r\r\n"s, "\n\r"s}) {
        for (std::size_t at = 1; at < 100; ++at) {
            const std::string text = std::string(at, 'x') + spoilt + std::string(100, 'y');
            CAPTURE(at, spoilt);
            // A CR that is the last octet may still be half a CRLF; the LF of a CRLF may pass.
            const std::size_t most = at + (spoilt == "\r\n."s ? 2 : spoilt[0] == '\r' ? 1 : 0);
            REQUIRE(plain_octets(text) <= most);
        }
    }
}

}  // namespace smtpblock::smtp
