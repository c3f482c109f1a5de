#include "common/seen_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "common/store_files.h"
#include "unit/store_support.h"

namespace smtpblock {
namespace {

using namespace std::chrono_literals;

SeenRecords of_rule(RuleId id, const char* text) {
    SeenRecords records;
    records[id].add(Field::ehlo, text, test::noon);
    return records;
}

/// A store of its own.
struct Counted {
    Counted() { REQUIRE(init_store(paths, {})); }

    std::uint64_t hits(RuleId id) const {
        const auto found = find_seen(paths, id);
        REQUIRE(found);
        return *found ? (*found)->hits : 0;
    }

    test::TemporaryDirectory directory;
    StorePaths paths{directory / "store"};
};

}  // namespace

TEST_CASE("what rules catch is added up in the store") {
    const Counted store;
    CHECK(store.hits(1) == 0);
    CHECK(add_seen(store.paths, of_rule(1, "a")));
    CHECK(add_seen(store.paths, of_rule(1, "b")));
    CHECK(add_seen(store.paths, of_rule(RuleId{1} << 40U, "c")));
    CHECK(store.hits(1) == 2);
    CHECK(store.hits(2) == 0);
    CHECK(store.hits(RuleId{1} << 40U) == 1);
    const auto found = find_seen(store.paths, 1);
    REQUIRE(found);
    CHECK((*found)->values.front().text == "b");
}

TEST_CASE("what was counted may be deleted, and is begun anew when it is damaged") {
    const Counted store;
    CHECK(add_seen(store.paths, of_rule(1, "a")));
    for (const auto& file : std::filesystem::directory_iterator(store.paths.seen()))
        std::filesystem::remove(file);
    CHECK(store.hits(1) == 0);
    CHECK(add_seen(store.paths, of_rule(1, "a")));
    CHECK(store.hits(1) == 1);

    const std::string data = store.paths.seen() + "/data.mdb";
    std::ofstream(data, std::ios::trunc) << std::string(65536, 'x');
    const auto unread = find_seen(store.paths, 1);
    REQUIRE_FALSE(unread);
    CHECK(unread.error().message.ends_with("damaged; it can be deleted"));
    const auto refused = add_seen(store.paths, of_rule(1, "a"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.ends_with("it is begun anew"));
    CHECK(add_seen(store.paths, of_rule(1, "a")));
    CHECK(store.hits(1) == 1);
}

TEST_CASE("pages of nonsense are damage, not the end of who reads them") {
    const Counted store;
    for (RuleId id = 1; id < 200; ++id) CHECK(add_seen(store.paths, of_rule(id, "a")));
    const std::string data = store.paths.seen() + "/data.mdb";
    const auto octets = std::filesystem::file_size(data);
    {
        std::fstream file(data, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(8192);  // behind the two heads
        file << std::string(octets - 8192, '\xa5');
    }
    CHECK_FALSE(find_seen(store.paths, 1));
    CHECK_FALSE(add_seen(store.paths, of_rule(1, "a")));
    CHECK(add_seen(store.paths, of_rule(1, "a")));
    CHECK(store.hits(1) == 1);
}

TEST_CASE("nothing was counted in an empty file") {
    const Counted store;
    std::ofstream(store.paths.seen() + "/data.mdb").flush();
    CHECK(store.hits(1) == 0);
    CHECK(add_seen(store.paths, of_rule(1, "a")));
    CHECK(store.hits(1) == 1);
}

TEST_CASE("the oldest rules are forgotten") {
    const Counted store;
    for (RuleId id = 1; id <= 5; ++id) CHECK(add_seen(store.paths, of_rule(id, "a"), {.rules = 3}));
    CHECK(store.hits(2) == 0);
    for (RuleId id = 3; id <= 5; ++id) CHECK(store.hits(id) == 1);
    CHECK(add_seen(store.paths, of_rule(5, "b"), {.rules = 1}));
    CHECK(store.hits(4) == 0);
    CHECK(store.hits(5) == 2);
}

TEST_CASE("what is full is begun anew") {
    const Counted store;
    const SeenLimits small{.map_octets = 65536};
    const std::string text(SeenRecord::value_octets, 'x');
    RuleId id = 1;
    auto added = add_seen(store.paths, of_rule(id, text.c_str()), small);
    while (added && id < 1000) added = add_seen(store.paths, of_rule(++id, text.c_str()), small);
    REQUIRE_FALSE(added);
    CHECK(added.error().message.ends_with("full; what was counted is lost, and it is begun anew"));
    CHECK(add_seen(store.paths, of_rule(id, text.c_str()), small));
    CHECK(store.hits(id) == 1);
    CHECK(store.hits(1) == 0);
}

TEST_CASE("administrators in the group can read what is counted") {
    const Counted store;
    const bool is_root = ::geteuid() == 0;
    if (is_root) REQUIRE(::chown(store.paths.seen().c_str(), 0, 65534) == 0);
    CHECK(add_seen(store.paths, of_rule(1, "a")));
    for (const auto& [name, mode] :
         {std::pair{"/data.mdb", 0640U}, std::pair{"/lock.mdb", 0660U}}) {
        struct stat info {};
        REQUIRE(::stat((store.paths.seen() + name).c_str(), &info) == 0);
        CHECK((info.st_mode & 07777U) == mode);
        if (is_root) CHECK(info.st_gid == 65534);
    }
}

TEST_CASE("nobody counts in a file of another's, or, as root, where others may put one") {
    const Counted store;
    const std::string data = store.paths.seen() + "/data.mdb";
    std::filesystem::create_symlink(store.directory / "elsewhere", data);
    const auto refused = add_seen(store.paths, of_rule(1, "a"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::not_permitted);
    CHECK_FALSE(std::filesystem::exists(store.directory / "elsewhere"));
    std::filesystem::remove(data);
    if (::geteuid() != 0) return;
    REQUIRE(::chown(store.paths.seen().c_str(), 0, 65534) == 0);
    REQUIRE(::chmod(store.paths.seen().c_str(), 0770) == 0);
    CHECK_FALSE(add_seen(store.paths, of_rule(1, "a")));
}

TEST_CASE("nobody waits for another one who counts") {
    const Counted store;
    CHECK(*add_seen(store.paths, of_rule(1, "a")));
    const int directory = ::open(store.paths.seen().c_str(), O_RDONLY | O_DIRECTORY);
    REQUIRE(::flock(directory, LOCK_EX) == 0);
    const auto refused = add_seen(store.paths, of_rule(1, "a"));
    REQUIRE(refused);
    CHECK_FALSE(*refused);
    ::close(directory);
    CHECK(*add_seen(store.paths, of_rule(1, "a")));
    CHECK(store.hits(1) == 2);
}

TEST_CASE("nobody counts in what is another user's, or where there is nothing") {
    Counted store;
    std::filesystem::remove(store.paths.seen());
    CHECK_FALSE(add_seen(store.paths, of_rule(1, "a")));
    CHECK(store.hits(1) == 0);
    std::filesystem::create_directory_symlink(store.directory / "elsewhere", store.paths.seen());
    CHECK_FALSE(add_seen(store.paths, of_rule(1, "a")));
    std::filesystem::remove(store.paths.seen());
    if (::geteuid() != 0) return;
    std::filesystem::create_directory(store.paths.seen());
    REQUIRE(::chown(store.paths.seen().c_str(), 65534, 65534) == 0);
    const auto refused = add_seen(store.paths, of_rule(1, "a"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::not_permitted);
}

}  // namespace smtpblock
