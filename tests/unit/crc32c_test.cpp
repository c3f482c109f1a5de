#include "common/crc32c.h"

#include <catch2/catch.hpp>
#include <string>

namespace smtpblock {
namespace {

TEST_CASE("the checksums of RFC 3720 B.4 come out") {
    std::string ascending;
    for (int i = 0; i < 32; ++i) ascending += static_cast<char>(i);
    CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
    CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
    CHECK(crc32c(ascending) == 0x46dd794e);
    CHECK(crc32c("123456789") == 0xe3069283);
    CHECK(crc32c("") == 0);
}

TEST_CASE("a checksum goes on where it ended") {
    const std::string text = "the quick brown fox";
    for (std::size_t cut = 0; cut <= text.size(); ++cut)
        CHECK(crc32c(text.substr(cut), crc32c(text.substr(0, cut))) == crc32c(text));
}

}  // namespace
}  // namespace smtpblock
