#include "daemon/guard/sightings.h"

#include <catch2/catch.hpp>
#include <thread>

namespace smtpblock::guard {

using namespace std::chrono_literals;

constexpr Time noon{1'700'000'000s};

TEST_CASE("what was caught is taken by who waits for it") {
    Sightings sightings;
    std::thread late([&] {
        sightings.add(1, Field::ehlo, "a", noon);
        sightings.add(2, Field::user, "b", noon);
        sightings.add(1, Field::ehlo, "c", noon + 1s);
    });
    SeenRecords records;
    while (records.size() < 2 || records[1].hits < 2)
        for (const auto& [rule, record] : sightings.wait(0s)) records[rule].add(record);
    late.join();
    CHECK(records[1].hits == 2);
    CHECK(records[1].values.front().text == "c");
    CHECK(records[2].hits == 1);
}

TEST_CASE("what could not be written comes before what was caught since") {
    Sightings sightings;
    sightings.add(1, Field::ehlo, "a", noon);
    SeenRecords records = sightings.wait(0s);
    sightings.add(1, Field::ehlo, "b", noon + 1s);
    sightings.add(2, Field::ehlo, "c", noon + 1s);
    sightings.give_back(std::move(records));
    records = sightings.wait(0s);
    CHECK(records.at(1).hits == 2);
    CHECK(records.at(1).values.front().text == "b");
    CHECK(records.at(2).hits == 1);
}

TEST_CASE("no more rules are kept than fit") {
    Sightings sightings(2);
    for (RuleId rule = 1; rule < 10; ++rule) sightings.add(rule, Field::ehlo, "a", noon);
    sightings.add(1, Field::ehlo, "b", noon);
    SeenRecords records = sightings.wait(0s);
    CHECK(records.size() == 2);
    CHECK(records.at(1).hits == 2);
    sightings.add(3, Field::ehlo, "a", noon);
    sightings.give_back(std::move(records));
    CHECK(sightings.wait(0s).size() == 2);
}

TEST_CASE("nobody waits after the end") {
    Sightings sightings;
    sightings.end();
    CHECK(sightings.ended());
    CHECK(sightings.wait(1h).empty());
}

}  // namespace smtpblock::guard
