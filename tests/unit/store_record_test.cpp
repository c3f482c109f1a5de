#include "common/store_record.h"

#include <catch2/catch.hpp>
#include <limits>

#include "common/crc32c.h"
#include "common/octets.h"
#include "common/store.h"

namespace smtpblock {
namespace {

StoreRecord full_record() {
    StoreRecord record = new_record();
    record.revision = 12'345;
    record.next_id = 900;
    record.last_edit = Time{std::chrono::seconds{1'700'000'000}};
    record.checksum = std::numeric_limits<std::uint64_t>::max();
    record.count(PatternKind::address) = 3;
    record.count(PatternKind::null_sender) = 1;
    record.count(PatternKind::no_name) = 1;
    record.count(PatternKind::below_name) = 200;
    return record;
}

TEST_CASE("a state record comes back") {
    for (const StoreRecord& record : {full_record(), new_record()}) {
        StoreRecord read;
        REQUIRE(decode_record(encode_record(record), read) == RecordVerdict::good);
        CHECK(read == record);
    }
}

TEST_CASE("rules are counted by kind and by type") {
    const StoreRecord record = full_record();
    CHECK(record.rules() == 205);
    CHECK(record.rules(RuleType::email) == 4);
    CHECK(record.rules(RuleType::ehlo) == 201);
}

TEST_CASE("a cut record and each flipped bit are noticed") {
    const std::string octets = encode_record(full_record());
    StoreRecord read;
    for (std::size_t size = 0; size < octets.size(); ++size)
        CHECK(decode_record(octets.substr(0, size), read) == RecordVerdict::damaged);
    for (std::size_t bit = 0; bit < 8 * octets.size(); ++bit) {
        std::string flipped = octets;
        flipped[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(flipped[bit / 8]) ^ (1U << bit % 8));
        CHECK(decode_record(flipped, read) != RecordVerdict::good);
    }
}

TEST_CASE("a newer format is told from damage, whatever follows it") {
    OctetWriter newer;
    newer.fixed32(store_format + 1);
    newer.raw("whatever comes");
    StoreRecord read;
    CHECK(decode_record(newer.take(), read) == RecordVerdict::newer);
}

TEST_CASE("a kind of pattern that this program does not know is of a newer one") {
    std::string octets = encode_record(new_record()).substr(8);
    octets += "G\x01";
    OctetWriter whole;
    whole.fixed32(store_format);
    whole.fixed32(crc32c(octets));
    whole.raw(octets);
    StoreRecord read;
    CHECK(decode_record(whole.take(), read) == RecordVerdict::newer);
}

TEST_CASE("the largest record fits where readers keep it") {
    StoreRecord record = full_record();
    for (const auto kind : {PatternKind::address, PatternKind::domain, PatternKind::below_domain,
                            PatternKind::local_part, PatternKind::null_sender, PatternKind::name,
                            PatternKind::below_name, PatternKind::literal, PatternKind::no_name})
        record.count(kind) = std::numeric_limits<std::uint64_t>::max();
    record.revision = record.next_id = std::numeric_limits<std::uint64_t>::max();
    CHECK(encode_record(record).size() <= record_octets);
}

TEST_CASE("an identity is a random UUID") {
    const std::string text = new_record().uuid_text();
    REQUIRE(text.size() == 36);
    CHECK(text[14] == '4');
    CHECK(std::string("89ab").find(text[19]) != std::string::npos);
    CHECK(text != new_record().uuid_text());
}

}  // namespace
}  // namespace smtpblock
