#include "common/octets.h"

#include <catch2/catch.hpp>
#include <limits>

namespace smtpblock {
namespace {

TEST_CASE("what was written is read again") {
    const std::string_view text("a\0b", 3);
    OctetWriter writer;
    writer.octet(0xfe);
    writer.fixed32(0x01020304);
    writer.text(text);
    writer.raw("xyz");
    const std::string octets = writer.take();

    OctetReader reader(octets);
    CHECK(reader.octet() == 0xfe);
    CHECK(reader.fixed32() == 0x01020304);
    CHECK(reader.text() == text);
    CHECK_FALSE(reader.whole());
    CHECK(reader.raw(3) == "xyz");
    CHECK(reader.whole());
}

TEST_CASE("a fixed number is in network order") {
    OctetWriter writer;
    writer.fixed32(0x01020304);
    CHECK(writer.take() == "\x01\x02\x03\x04");
}

TEST_CASE("a number of any size comes back, a small one from one octet") {
    const auto value = GENERATE(std::uint64_t{0}, 1U, 127U, 128U, 16383U, 16384U, 0xffffffffU,
                                std::numeric_limits<std::uint64_t>::max());
    OctetWriter writer;
    writer.number(value);
    const std::string octets = writer.take();
    CHECK((octets.size() == 1) == (value < 128));
    OctetReader reader(octets);
    CHECK(reader.number() == value);
    CHECK(reader.whole());
}

TEST_CASE("past the end everything is zero, and the reader says so") {
    OctetReader reader("\x01");
    CHECK(reader.fixed32() == 0);
    CHECK(reader.octet() == 0);
    CHECK(reader.text().empty());
    CHECK_FALSE(reader.good());
    CHECK_FALSE(reader.whole());
}

TEST_CASE("a number without an end and a text longer than what is left are refused") {
    OctetReader endless("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
    CHECK(endless.number() == 0);
    CHECK_FALSE(endless.good());
    OctetReader lying("\x05zwei");
    CHECK(lying.text().empty());
    CHECK_FALSE(lying.good());
}

}  // namespace
}  // namespace smtpblock
