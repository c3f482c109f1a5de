// What a reader does with a store that was cut, overwritten or exchanged under it: it says so, it
// lives, and once the store is whole again it goes on.
#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "common/lmdb.h"
#include "common/store.h"
#include "common/store_record.h"
#include "unit/store_support.h"

namespace smtpblock {
namespace {

namespace fs = std::filesystem;
using namespace test;

constexpr std::size_t page = 4096;

/// A store with some pages, a copy of it, and a reader that has used it.
struct Damaged {
    Damaged() {
        CHECK(edit(store.paths, [](Edit& e) {
                  std::vector<NewRule> rules{rule_for(email("bad@x.example"))};
                  for (int i = 0; i < 500; ++i)
                      rules.push_back(rule_for(email(fmt::format("{}@x.example", i))));
                  return add_all(e, rules);
              }) == "");
        whole = contents(data);
        reader = store.reader();
        CHECK(verdict(*reader, "bad@x.example") == Verdict::reject);
    }

    /// Overwrites data.mdb in place.
    void write(const std::string& octets) const {
        const int file = ::open(data.c_str(), O_WRONLY | O_TRUNC);
        Process::write_all(file, octets);
        ::close(file);
    }
    /// Puts another file where data.mdb was.
    void replace(const std::string& octets) const {
        fs::rename(data, data + ".away");
        const int file = ::open(data.c_str(), O_WRONLY | O_CREAT, 0640);
        Process::write_all(file, octets);
        ::close(file);
    }
    std::string with_octets(std::size_t from, std::size_t count, char octet) const {
        std::string damaged = whole;
        damaged.replace(from, count, count, octet);
        return damaged;
    }
    void check_trouble() {
        CHECK(verdict(*reader, "bad@x.example") == Verdict::trouble);
        CHECK(reader->trouble().find("data.mdb") != std::string::npos);
        CHECK(reader->trouble().find('\n') == std::string::npos);
        CHECK_FALSE(reader->find(RuleId{1}));
    }
    void check_well() {
        INFO(reader->trouble());
        CHECK(verdict(*reader, "bad@x.example") == Verdict::reject);
        CHECK(verdict(*reader, "good@x.example") == Verdict::pass);
    }

    TestStore store;
    std::string data = store.paths.rules_data();
    std::string whole;
    std::unique_ptr<StoreReader> reader;
};

TEST_CASE("a store that is cut is trouble, at any length, until it is whole again") {
    Damaged damaged;
    const auto octets = damaged.whole.size();
    for (const std::size_t length : {std::size_t{0}, std::size_t{100}, page, 2 * page,
                                     octets / 2 / page * page, octets / 2 + 7, octets - 1}) {
        CAPTURE(length);
        fs::resize_file(damaged.data, length);
        damaged.check_trouble();
        damaged.write(damaged.whole);
        damaged.check_well();
    }
}

TEST_CASE("a store cut before it is opened never answers that a blocked sender may pass") {
    Damaged damaged;
    damaged.reader.reset();
    for (std::size_t length = 0; length < damaged.whole.size(); length += page / 2) {
        CAPTURE(length);
        damaged.write(damaged.whole.substr(0, length));
        auto opened = StoreReader::open(damaged.store.paths);
        if (!opened) continue;
        CHECK(verdict(**opened, "bad@x.example") != Verdict::pass);
        int rules = 0;
        const auto visited = (*opened)->each([&](const Rule&) { return ++rules > 0; });
        CHECK((!visited || rules == 501));
    }
}

TEST_CASE("zeroed pages are trouble, not a crash") {
    Damaged damaged;
    damaged.write(std::string(damaged.whole.size(), '\0'));
    damaged.check_trouble();
    damaged.write(damaged.with_octets(0, 2 * page, '\0'));
    damaged.check_trouble();
    damaged.write(damaged.with_octets(2 * page, damaged.whole.size() - 2 * page, '\0'));
    damaged.check_trouble();
    damaged.write(damaged.whole);
    damaged.check_well();
}

TEST_CASE("heads of all ones are trouble, though LMDB would find nothing and say nothing") {
    Damaged damaged;
    damaged.write(damaged.with_octets(0, 2 * page, '\xff'));
    damaged.check_trouble();
    damaged.write(damaged.with_octets(2 * page, damaged.whole.size() - 2 * page, '\xff'));
    damaged.check_trouble();
}

TEST_CASE("garbage is trouble for a reader, a failure for who opens it, and no crash") {
    Damaged damaged;
    std::string garbage;
    for (unsigned i = 0; garbage.size() < damaged.whole.size(); ++i)
        garbage += static_cast<char>(i * 2654435761U >> 13U);
    damaged.write(garbage);
    damaged.check_trouble();
    damaged.reader.reset();
    const auto opened = StoreReader::open(damaged.store.paths);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::failed);
    CHECK(opened.error().message.find("damaged") != std::string::npos);
    CHECK(edit(damaged.store.paths, [](Edit& e) { return e.remove(1); }).find("damaged") !=
          std::string::npos);
    CHECK(contents(damaged.data) == garbage);
}

TEST_CASE("one zeroed page never lets a blocked sender pass, and never kills") {
    Damaged damaged;
    const std::size_t pages = damaged.whole.size() / page;
    for (std::size_t n = 0; n < pages; ++n) {
        CAPTURE(n);
        damaged.write(damaged.with_octets(n * page, page, '\0'));
        CHECK(verdict(*damaged.reader, "bad@x.example") != Verdict::pass);
        // The writer meets the same page, perhaps with its mutex held.
        const std::string error = edit(damaged.store.paths, [](Edit& e) -> Result<void> {
            if (auto added = add_all(e, {rule_for(email("new@x.example"))}); !added) return added;
            return fail(ErrorCode::failed, "not kept");
        });
        CHECK(error.find("ended with") == std::string::npos);
    }
    damaged.write(damaged.whole);
    damaged.check_well();
    CHECK(damaged.store.add(email("new@x.example")) == "");
    CHECK(verdict(*damaged.reader, "new@x.example") == Verdict::reject);
}

TEST_CASE("a flipped bit in a rule is trouble where it would decide, and a failure in a list") {
    Damaged damaged;
    std::string octets = damaged.whole;
    std::size_t flipped = 0;
    // In each copy of the rule, the one that is live among them: a letter of who made it.
    for (auto at = octets.find("abad@x.example"); at != std::string::npos;
         at = octets.find("abad@x.example", at + 1)) {
        const auto by = octets.find("tester", at);
        if (by > at + 64) continue;
        octets[by] = 'T';
        ++flipped;
    }
    REQUIRE(flipped > 0);
    damaged.write(octets);
    damaged.check_trouble();
    CHECK(damaged.reader->trouble().find("checksum") != std::string::npos);
    CHECK(verdict(*damaged.reader, "7@x.example") == Verdict::reject);
    CHECK_FALSE(damaged.reader->each([](const Rule&) { return true; }));
    damaged.write(damaged.whole);
    damaged.check_well();
}

TEST_CASE("a store that is gone is trouble, and well once it is back") {
    Damaged damaged;
    fs::rename(damaged.data, damaged.data + ".away");
    damaged.check_trouble();
    CHECK(damaged.reader->trouble().find("it is gone") != std::string::npos);
    fs::rename(damaged.data + ".away", damaged.data);
    damaged.check_well();
}

TEST_CASE("another store in its place is read from the next decision on") {
    Damaged damaged;
    const TestStore other;
    CHECK(other.add(email("worse@x.example")) == "");
    damaged.replace(contents(other.paths.rules_data()));
    CHECK(verdict(*damaged.reader, "bad@x.example") == Verdict::pass);
    CHECK(verdict(*damaged.reader, "worse@x.example") == Verdict::reject);
    CHECK(damaged.store.add(email("worst@x.example")) == "");
    CHECK(verdict(*damaged.reader, "worst@x.example") == Verdict::reject);
}

TEST_CASE("an older copy written over the store in place is read, and can be edited") {
    Damaged damaged;
    for (const char* pattern : {"a@x.example", "b@x.example", "c@x.example"})
        CHECK(damaged.store.add(email(pattern)) == "");
    CHECK(verdict(*damaged.reader, "c@x.example") == Verdict::reject);
    damaged.write(damaged.whole);
    damaged.check_well();
    CHECK(verdict(*damaged.reader, "c@x.example") == Verdict::pass);
    CHECK(damaged.store.add(email("d@x.example")) == "");
    CHECK(verdict(*damaged.reader, "d@x.example") == Verdict::reject);
}

TEST_CASE("a writer refuses a file that does not fit the table of those who have it open") {
    Damaged damaged;
    for (const char* pattern : {"a@x.example", "b@x.example", "c@x.example"})
        CHECK(damaged.store.add(email(pattern)) == "");
    CHECK(verdict(*damaged.reader, "c@x.example") == Verdict::reject);
    damaged.replace(damaged.whole);
    CHECK(damaged.store.add(email("d@x.example")).find("it was exchanged") != std::string::npos);
    damaged.check_well();  // it opened the store anew, alone, and so set the table right
    CHECK(damaged.store.add(email("d@x.example")) == "");
    CHECK(verdict(*damaged.reader, "d@x.example") == Verdict::reject);
}

TEST_CASE("a lock file made anew is noticed with the first edit that follows") {
    Damaged damaged;
    fs::remove(damaged.store.paths.rules_lock());
    CHECK(elsewhere([&] { return message(init_store(damaged.store.paths, {})); }) == "");
    CHECK(damaged.store.add(email("new@x.example")) == "");
    CHECK(verdict(*damaged.reader, "new@x.example") == Verdict::reject);
    CHECK(elsewhere([&] { return std::to_string(damaged.store.reader()->readers().size()); }) ==
          "1");
}

TEST_CASE("a lock file that was cut is trouble at most, and mended by opening it anew") {
    const TestStore store;
    CHECK(store.add(email("bad@x.example")) == "");
    // In a process of its own: LMDB cannot give back what it kept in the lock file.
    CHECK(elsewhere([&] {
              const auto reader = store.reader();
              fs::resize_file(store.paths.rules_lock(), 0);
              verdict(*reader, "bad@x.example");
              return std::string(word(verdict(*reader, "bad@x.example")));
          }) == "reject");
    CHECK(fs::file_size(store.paths.rules_lock()) == std::uintmax_t{lock_file_octets});
}

TEST_CASE("a store of a newer version is refused, by a reader that has it open as well") {
    Damaged damaged;
    CHECK(write_record(damaged.store.paths, std::string("\0\0\0\x7fnew", 7)) == "");
    CHECK(verdict(*damaged.reader, "bad@x.example") == Verdict::trouble);
    const std::string newer = "made by a newer smtpblock; upgrade this one";
    CHECK(damaged.reader->trouble().find(newer) != std::string::npos);
    CHECK(damaged.store.add(email("new@x.example")).find(newer) != std::string::npos);
    damaged.reader.reset();
    CHECK(message(StoreReader::open(damaged.store.paths)).find(newer) != std::string::npos);
}

TEST_CASE("a state record that is wrong is trouble") {
    Damaged damaged;
    CHECK(write_record(damaged.store.paths, std::string("\0\0\0\2bad", 7)) == "");
    damaged.check_trouble();
    CHECK(damaged.store.add(email("new@x.example")).find("state record") != std::string::npos);
}

TEST_CASE("a store from before the first release is refused, and not called damaged") {
    Damaged damaged;
    CHECK(write_record(damaged.store.paths, std::string("\0\0\0\1old", 7)) == "");
    CHECK(verdict(*damaged.reader, "bad@x.example") == Verdict::trouble);
    CHECK(damaged.reader->trouble().find("before the first release") != std::string::npos);
}

TEST_CASE("rules that the state record does not count are trouble") {
    Damaged damaged;
    CHECK(write_record(damaged.store.paths, encode_record(new_record())) == "");
    damaged.check_trouble();
}

}  // namespace
}  // namespace smtpblock
