#include "common/store_record.h"

#include <catch2/catch.hpp>
#include <limits>

#include "common/crc32c.h"
#include "common/octets.h"
#include "common/store.h"

namespace smtpblock {
namespace {

void count(StoreRecord& record, RuleType type, std::initializer_list<const char*> patterns) {
    for (const char* const written : patterns) {
        const Pattern pattern = *Pattern::parse(type, written);
        record.count_one_more(pattern.kind(), pattern.subject());
    }
}

StoreRecord full_record() {
    StoreRecord record = new_record();
    record.revision = 12'345;
    record.next_id = 900;
    record.last_edit = Time{std::chrono::seconds{1'700'000'000}};
    record.checksum = std::numeric_limits<std::uint64_t>::max();
    record.glob_revision = 12'000;
    record.paused_until = record.last_edit + std::chrono::minutes{10};
    count(record, RuleType::email, {"a@example.com", "b@example.com", "c@example.com", "<>"});
    count(record, RuleType::ehlo, {"", "*.example.com", "*.b.example.com", "*.c.example.com"});
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
    CHECK(record.rules() == 8);
    CHECK(record.rules(RuleType::email) == 4);
    CHECK(record.count(PatternKind::below_name) == 3);
    CHECK(record.rules(RuleType::ehlo) == 4);
}

TEST_CASE("names below a domain are counted by its labels") {
    StoreRecord record = full_record();
    CHECK(record.detail(PatternKind::below_name, 1) == 0);
    CHECK(record.detail(PatternKind::below_name, 2) == 1);
    CHECK(record.detail(PatternKind::below_name, 3) == 2);
    CHECK(record.detail(PatternKind::below_domain, 2) == 0);
    record.count_one_less(PatternKind::below_name, "c.example.com");
    CHECK(record.detail(PatternKind::below_name, 3) == 1);
    CHECK(record.rules() == 7);
}

TEST_CASE("a pause ends by itself") {
    const StoreRecord record = full_record();
    CHECK(record.paused(*record.paused_until - std::chrono::seconds{1}));
    CHECK_FALSE(record.paused(*record.paused_until));
    CHECK_FALSE(new_record().paused(Time{}));
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

TEST_CASE("a format that was never released is told from damage") {
    OctetWriter older;
    older.fixed32(store_format - 1);
    older.raw("whatever came");
    StoreRecord read;
    CHECK(decode_record(older.take(), read) == RecordVerdict::older);
}

TEST_CASE("a kind of pattern that this program does not know is of a newer one") {
    std::string octets = encode_record(new_record()).substr(8);
    octets.back() = 'Q';  // where the list of kinds ends
    octets += std::string("\x01\0", 2);
    OctetWriter whole;
    whole.fixed32(store_format);
    whole.fixed32(crc32c(octets));
    whole.raw(octets);
    StoreRecord read;
    CHECK(decode_record(whole.take(), read) == RecordVerdict::newer);
}

TEST_CASE("a record of every kind and detail fits where readers keep it") {
    StoreRecord record = full_record();
    std::string below = "*.x";
    for (int labels = 0; labels < 254; ++labels, below += ".x")
        count(record, RuleType::ehlo, {below.c_str()});
    for (unsigned length = 0; length <= 128; ++length) {
        const auto subject = std::string(16, '\0') + static_cast<char>(length);
        record.count_one_more(PatternKind::prefix, subject);
        if (length > 32) continue;
        record.count_one_more(PatternKind::prefix, subject.substr(12));
    }
    CHECK(record.detail(PatternKind::prefix, 32) == 1);
    CHECK(record.detail(PatternKind::prefix, 33) == 1);
    record.revision = record.next_id = std::numeric_limits<std::uint64_t>::max();
    CHECK(encode_record(record).size() * 4 <= record_octets);  // numbers of five octets more
    StoreRecord read;
    REQUIRE(decode_record(encode_record(record), read) == RecordVerdict::good);
    CHECK(read == record);
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
