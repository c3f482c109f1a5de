#include "common/daemon_record.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "unit/temporary_directory.h"

namespace smtpblock {
namespace {

DaemonRecord some() {
    return {.since = Time{std::chrono::seconds{1'700'000'000}},
            .sessions = 300,
            .listeners = {{"mx", Protocol::smtp, {"0.0.0.0:25", "[::]:25"}},
                          {"who asks", Protocol::policy, {"unix:/run/smtpblock/policy"}},
                          {"none", Protocol::dovecot, {}}}};
}

/// More than any process ID that Linux gives (proc(5)).
constexpr pid_t nobody = (1 << 22) + 1;

struct Store {
    Store() { std::filesystem::create_directory(paths.seen()); }

    test::TemporaryDirectory directory;
    StorePaths paths{directory.path()};
};

}  // namespace

TEST_CASE("what a daemon says of itself is read as it was written") {
    CHECK(decode_daemon(encode_daemon(some())) == some());
    CHECK(decode_daemon(encode_daemon({})) == DaemonRecord());
}

TEST_CASE("of what no daemon wrote nothing is believed") {
    const std::string whole = encode_daemon(some());
    for (std::size_t octets = 0; octets < whole.size(); ++octets)
        CHECK_FALSE(decode_daemon(std::string_view(whole).substr(0, octets)));
    CHECK_FALSE(decode_daemon(whole + "x"));
    for (std::size_t at = 0; at < whole.size(); ++at) {
        std::string other = whole;
        other[at] = '\xff';
        static_cast<void>(decode_daemon(other));  // any answer will do, a crash will not
    }
    DaemonRecord late = some();
    late.since = Time{std::chrono::seconds{253'402'300'800}};
    CHECK_FALSE(decode_daemon(encode_daemon(late)));
}

TEST_CASE("each daemon has a file of its own, which goes with it") {
    const Store store;
    CHECK_FALSE(find_daemon(store.paths, getpid()));
    REQUIRE(write_daemon(store.paths, getpid(), {}));
    REQUIRE(write_daemon(store.paths, getpid(), some()));
    REQUIRE(write_daemon(store.paths, nobody, some()));
    REQUIRE(write_daemon(store.paths, getppid(), some()));
    CHECK(find_daemon(store.paths, getpid()) == some());
    CHECK(find_daemon(store.paths, nobody) == some());
    std::ofstream(store.paths.seen() + "/daemon-x") << "no daemon's";
    const std::string unfinished = daemon_file(store.paths, nobody) + ".new";
    std::ofstream(unfinished) << "a half";

    forget_daemons(store.paths, getpid());
    CHECK_FALSE(find_daemon(store.paths, getpid()));
    CHECK_FALSE(find_daemon(store.paths, nobody));
    CHECK(find_daemon(store.paths, getppid()) == some());
    CHECK_FALSE(std::filesystem::exists(unfinished));
    CHECK(std::filesystem::exists(store.paths.seen() + "/daemon-x"));
}

TEST_CASE("what lies in the place of a daemon's file is neither followed nor waited for") {
    const Store store;
    const std::string name = store.paths.seen() + "/daemon-" + std::to_string(getpid());
    const std::string other = store.directory.write("other", encode_daemon(some()));
    std::filesystem::create_symlink(other, name);
    std::filesystem::create_symlink(other, name + ".new");
    CHECK_FALSE(find_daemon(store.paths, getpid()));
    REQUIRE(write_daemon(store.paths, getpid(), {}));
    CHECK(find_daemon(store.paths, getpid()) == DaemonRecord());
    CHECK(test::contents(other) == encode_daemon(some()));

    std::filesystem::remove(name);
    REQUIRE(mkfifo(name.c_str(), 0600) == 0);
    CHECK_FALSE(find_daemon(store.paths, getpid()));
}

TEST_CASE("where a daemon may not write it says why") {
    const test::TemporaryDirectory directory;
    const auto written = write_daemon(StorePaths(directory.path()), getpid(), some());
    REQUIRE_FALSE(written);
    CHECK(written.error().message.find("/seen'") != std::string::npos);
}

}  // namespace smtpblock
