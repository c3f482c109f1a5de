#include "common/seen_record.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace smtpblock {
namespace {

using namespace std::chrono_literals;

constexpr Time noon{1'700'000'000s};

std::vector<std::string> texts(const SeenRecord& record) {
    std::vector<std::string> all;
    for (const SeenValue& value : record.values) all.push_back(value.text);
    return all;
}

}  // namespace

TEST_CASE("of what a rule caught the last values are kept, each once") {
    SeenRecord record;
    for (int i = 0; i < 7; ++i) record.add(Field::ehlo, std::to_string(i), noon + i * 1s);
    CHECK(record.hits == 7);
    CHECK(record.last_hit == noon + 6s);
    CHECK(texts(record) == std::vector<std::string>{"6", "5", "4", "3", "2"});
    record.add(Field::ehlo, "4", noon + 7s);
    CHECK(texts(record) == std::vector<std::string>{"4", "6", "5", "3", "2"});
    CHECK(record.values.front().last == noon + 7s);
    record.add(Field::user, "4", noon + 8s);
    CHECK(texts(record) == std::vector<std::string>{"4", "4", "6", "5", "3"});
    record.add(Field::ehlo, std::string(1000, 'x'), noon);
    CHECK(record.values.front().text.size() == SeenRecord::value_octets);
    CHECK(record.last_hit == noon + 8s);
}

TEST_CASE("what came later comes first") {
    SeenRecord before;
    SeenRecord later;
    for (const char* text : {"a", "b", "c"}) before.add(Field::user, text, noon);
    for (const char* text : {"b", "d"}) later.add(Field::user, text, noon + 1s);
    before.add(later);
    CHECK(before.hits == 5);
    CHECK(before.last_hit == noon + 1s);
    CHECK(texts(before) == std::vector<std::string>{"d", "b", "c", "a"});
}

TEST_CASE("a record is read as it was written, and nothing else is one") {
    SeenRecord record;
    record.add(Field::sender, "<>", noon);
    record.add(Field::ehlo, "", noon + 1s);
    const std::string octets = encode_seen(record);
    const auto read = decode_seen(octets);
    REQUIRE(read);
    CHECK(read->hits == 2);
    CHECK(read->last_hit == record.last_hit);
    CHECK(texts(*read) == texts(record));
    CHECK(read->values[1].field == Field::sender);
    CHECK(read->values[1].last == noon);

    for (std::size_t cut = 0; cut < octets.size(); ++cut)
        CHECK_FALSE(decode_seen(octets.substr(0, cut)));
    CHECK_FALSE(decode_seen(octets + "x"));
    CHECK_FALSE(decode_seen("\2" + octets.substr(1)));
    CHECK_FALSE(decode_seen(std::string("\1\1\1\xff\xff\xff\xff\x7f", 8)));
    CHECK_FALSE(decode_seen(std::string("\1\1\1\1\3\1\0", 7)));  // a fourth kind of field
    CHECK_FALSE(decode_seen(std::string("\1\1\1\1\0\1\x81\4", 8) + std::string(513, 'x')));
}

TEST_CASE("a record of times that no calendar has is none") {
    const Time last = std::chrono::sys_days{std::chrono::year{9999} / 12 / 31} + 86399s;
    for (const Time time : {Time{}, last, Time{-1s}, last + 1s, Time::max(), Time::min()}) {
        SeenRecord value;
        value.add(Field::ehlo, "a", time);
        value.last_hit = noon;
        SeenRecord hit;
        hit.last_hit = time;
        CHECK(decode_seen(encode_seen(value)).has_value() == (time >= Time{} && time <= last));
        CHECK(decode_seen(encode_seen(hit)).has_value() == (time >= Time{} && time <= last));
    }
}

}  // namespace smtpblock
