#include "common/store_backup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "unit/store_support.h"

namespace smtpblock::test {
namespace {

std::string rules(const TestStore& store) {
    std::ostringstream out;
    const auto walked = store.reader()->each([&](const Rule& rule) {
        out << rule.id << ' ' << rule.pattern.text() << ' ' << rule.description << ' ' << rule.by
            << '\n';
        return true;
    });
    return walked ? out.str() : walked.error().message;
}

std::string backup(const TestStore& store, const std::string& file) {
    return message(store.reader()->backup(file));
}

std::string restore(const TestStore& store, const std::string& file) {
    return elsewhere([&] {
        auto writer = StoreWriter::open(store.paths);
        return message((*writer)->restore({"restorer", noon}, file));
    });
}

std::string undo(const TestStore& store) {
    return elsewhere([&] {
        auto writer = StoreWriter::open(store.paths);
        return message((*writer)->undo({"tester", noon}, 1));
    });
}

/// A store with three rules, whose backup lies beside it.
struct BackedUp {
    BackedUp() {
        for (const char* pattern : {"a@x.example", "b@x.example", "c@x.example"})
            REQUIRE(store.add(email(pattern)) == "");
        REQUIRE(store.remove(2) == "");
        REQUIRE(backup(store, file) == "");
        before = rules(store);
    }
    TestStore store;
    std::string file = store.directory / "backup";
    std::string before;
};

TEST_CASE("a backup brings the rules back, with their IDs, in one edit") {
    const BackedUp it;
    REQUIRE(it.store.remove(1) == "");
    REQUIRE(it.store.add(email("a@x.example")) == "");  // the same pattern under ID 4
    REQUIRE(it.store.add(email("new@x.example")) == "");
    const std::string after = rules(it.store);
    const auto revision = it.store.reader()->state()->revision;
    CHECK(restore(it.store, it.file) == "");
    CHECK(rules(it.store) == it.before);
    CHECK(it.store.reader()->state()->revision == revision + 1);
    CHECK(undo(it.store) == "");
    CHECK(rules(it.store) == after);
    REQUIRE(it.store.add(email("d@x.example")) == "");
    CHECK(rules(it.store).find("6 d@x.example") != std::string::npos);
}

TEST_CASE("a backup goes into another store as well, and IDs go on behind its own") {
    const BackedUp it;
    const TestStore other;
    REQUIRE(other.add(email("other@x.example")) == "");
    CHECK(restore(other, it.file) == "");
    CHECK(rules(other) == it.before);
    REQUIRE(other.add(email("d@x.example")) == "");
    CHECK(rules(other).find("4 d@x.example") != std::string::npos);
    const auto verified = other.reader()->verify([](std::uint64_t) {});
    REQUIRE(verified);
    CHECK(verified->faults == std::vector<std::string>{});
}

TEST_CASE("no ID of the backup's store is given again, of a deleted rule neither") {
    const BackedUp it;
    REQUIRE(it.store.remove(3) == "");
    REQUIRE(backup(it.store, it.file) == "");
    const TestStore other;
    CHECK(restore(other, it.file) == "");
    REQUIRE(other.add(email("d@x.example")) == "");
    CHECK(rules(other).find("4 d@x.example") != std::string::npos);
}

TEST_CASE("a backup takes no device's place, and no part of the store's") {
    const BackedUp it;
    const std::string fifo = it.store.directory / "fifo";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    const std::string link = it.store.directory / "link";
    REQUIRE(::symlink(it.file.c_str(), link.c_str()) == 0);
    for (const std::string& target : {fifo, link, it.store.paths.rules()})
        CHECK(backup(it.store, target).find("not a plain file") != std::string::npos);
    struct stat before {};
    struct stat after {};
    for (const std::string& part : {it.store.paths.rules_data(), it.store.paths.rules_lock()}) {
        REQUIRE(::stat(part.c_str(), &before) == 0);
        CHECK(backup(it.store, part).find("a part of the store") != std::string::npos);
        REQUIRE(::stat(part.c_str(), &after) == 0);
        CHECK(before.st_ino == after.st_ino);
    }
}

TEST_CASE("restoring what is there already is no edit") {
    const BackedUp it;
    const auto revision = it.store.reader()->state()->revision;
    CHECK(restore(it.store, it.file) == "");
    CHECK(it.store.reader()->state()->revision == revision);
}

TEST_CASE("a backup takes the place of an older one, readable by its owner alone") {
    const BackedUp it;
    REQUIRE(it.store.remove(1) == "");
    CHECK(backup(it.store, it.file) == "");
    struct stat info {};
    REQUIRE(::stat(it.file.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0600U);
    CHECK(restore(it.store, it.file) == "");
    CHECK(rules(it.store).starts_with("3 c@x.example"));
    CHECK(backup(it.store, "/nonexistent/backup").find("No such file") != std::string::npos);
}

TEST_CASE("what is no backup, is damaged or can be written by others is refused") {
    const BackedUp it;
    const auto write = [&](const std::string& octets) {
        std::ofstream(it.file, std::ios::binary | std::ios::trunc) << octets;
    };
    std::stringstream whole;
    whole << std::ifstream(it.file, std::ios::binary).rdbuf();

    CHECK(restore(it.store, it.store.directory / "none").find("No such file") != std::string::npos);
    CHECK(restore(it.store, it.store.directory / "store").find("no regular file") !=
          std::string::npos);
    for (const std::string& octets : {std::string(), std::string("hello"), std::string(9000, '\0'),
                                      std::string(9000, '\xff')}) {
        write(octets);
        CHECK(restore(it.store, it.file).find("no backup of a store") != std::string::npos);
    }
    for (std::size_t size = 4096; size < whole.str().size(); size += 4096) {
        write(whole.str().substr(0, size));
        CHECK(restore(it.store, it.file) != "");
    }
    for (std::size_t at = 8192; at < whole.str().size(); at += 64) {
        std::string flipped = whole.str();
        flipped[at] = static_cast<char>(flipped[at] ^ 0x55);
        write(flipped);
        const std::string said = restore(it.store, it.file);
        INFO(at << ": " << said);
        CHECK(said.find("ended with") == std::string::npos);
        CHECK(rules(it.store) == it.before);
    }
    write(whole.str());
    REQUIRE(::chmod(it.file.c_str(), 0666) == 0);
    CHECK(restore(it.store, it.file).find("others can write it") != std::string::npos);
    CHECK(rules(it.store) == it.before);
}

}  // namespace
}  // namespace smtpblock::test
