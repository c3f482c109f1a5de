// The store between root, who edits, and a daemon's user, who reads. Needs root: the test run as
// another user says so and leaves these out.
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "unit/store_support.h"

namespace smtpblock {
namespace {

namespace fs = std::filesystem;
using namespace test;

constexpr uid_t nobody = 65534;

/// True where these tests can be run; says so where not.
bool is_root() {
    if (::geteuid() == 0) return true;
    WARN("not root: the tests of owners, modes and mounts are left out");
    return false;
}

/// Gives root up for good.
void become_nobody() {
    if (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0)
        throw std::runtime_error("cannot become nobody");
}

/// Made by root for the group of nobody, under directories that everybody can enter.
struct SharedStore {
    SharedStore() {
        ::chmod(directory.path().c_str(), 0755);
        const auto made = init_store(paths, {std::to_string(nobody)});
        if (!made) throw std::runtime_error(made.error().message);
        notes = made->notes;
    }
    std::string add(const std::string& pattern) const {
        return edit_here(paths, [&](Edit& e) { return add_all(e, {rule_for(email(pattern))}); });
    }
    std::string as_nobody(const std::function<std::string()>& work) const {
        return elsewhere([&] {
            become_nobody();
            return work();
        });
    }

    TemporaryDirectory directory;
    StorePaths paths{directory / "store"};
    std::vector<std::string> notes;
};

TEST_CASE("a daemon without rights reads what root edits, at once") {
    if (!is_root()) return;
    const SharedStore store;
    CHECK(store.notes.empty());
    const Pipe edited;
    const Pipe decided;
    Process daemon([&] {
        become_nobody();
        const auto opened = StoreReader::open(store.paths);
        if (!opened) return opened.error().message;
        std::string verdicts;
        for (int round = 0; round < 10; ++round) {
            decided.signal();
            edited.wait();
            verdicts += word(verdict(**opened, fmt::format("{}@x.example", round)));
            verdicts += (*opened)->trouble() + ' ';
        }
        return verdicts;
    });
    std::string expected;
    for (int round = 0; round < 10; ++round) {
        decided.wait();
        CHECK(store.add(fmt::format("{}@x.example", round)) == "");
        edited.signal();
        expected += "reject ";
    }
    CHECK(daemon.says() == expected);
}

TEST_CASE("root sees the daemon in the table of readers") {
    if (!is_root()) return;
    const SharedStore store;
    const Pipe open;
    Process daemon([&] {
        become_nobody();
        const auto opened = StoreReader::open(store.paths);
        open.signal();
        ::pause();
        return message(opened);
    });
    open.wait();
    CHECK((*StoreReader::open(store.paths))->readers() == std::vector<pid_t>{daemon.pid()});
}

TEST_CASE("the daemon's user can write neither rules nor what leads to them") {
    if (!is_root()) return;
    const SharedStore store;
    CHECK(store.as_nobody([&] {
        const auto writer = StoreWriter::open(store.paths);
        return fmt::format("{} {}", writer.error().code == ErrorCode::not_permitted,
                           writer.error().message);
    }) == "true '" + store.paths.rules_data() + "': Permission denied; use sudo, or --store DIR");
    CHECK(store.as_nobody([&] {
        std::string could;
        for (const auto& path : {store.paths.root(), store.paths.rules()})
            if (::access(path.c_str(), W_OK) == 0) could += path;
        for (const auto& path : {store.paths.seen(), store.paths.maildir()})
            if (::access(path.c_str(), W_OK) != 0) could += " not " + path;
        return could;
    }) == "");
}

TEST_CASE("who may not read the store is told to use sudo or another store") {
    if (!is_root()) return;
    const TemporaryDirectory directory;
    ::chmod(directory.path().c_str(), 0755);
    const StorePaths paths(directory / "store");
    REQUIRE(init_store(paths, {}));
    CHECK(elsewhere([&] {
              become_nobody();
              return message(StoreReader::open(paths));
          }).find("Permission denied; use sudo, or --store DIR") != std::string::npos);
    CHECK(elsewhere([&] {
              become_nobody();
              return message(init_store(StorePaths(directory / "other"), {}));
          }).find("Permission denied; use sudo, or --store DIR") != std::string::npos);
}

TEST_CASE("a user without rights has a store of his own") {
    if (!is_root()) return;
    const TemporaryDirectory directory;
    REQUIRE(::chown(directory.path().c_str(), nobody, nobody) == 0);
    const StorePaths paths(directory / "store");
    CHECK(elsewhere([&] {
              become_nobody();
              const auto made = init_store(paths, {});
              if (!made) return made.error().message;
              if (!made->notes.empty()) return made->notes.front();
              auto error = edit_here(
                  paths, [](Edit& e) { return add_all(e, {rule_for(email("bad@x.example"))}); });
              if (!error.empty()) return error;
              return std::string(word(verdict(**StoreReader::open(paths), "bad@x.example")));
          }) == "reject");
    // Its owner could exchange the files while root follows their names.
    CHECK(message(StoreWriter::open(paths)).find("could exchange it under root") !=
          std::string::npos);
    CHECK(StoreWriter::open(paths).error().code == ErrorCode::not_permitted);
}

TEST_CASE("a user cannot give a store to a group that he is not in") {
    if (!is_root()) return;
    const TemporaryDirectory directory;
    REQUIRE(::chown(directory.path().c_str(), nobody, nobody) == 0);
    CHECK(elsewhere([&] {
              become_nobody();
              return message(init_store(StorePaths(directory / "store"), {"root"}));
          }).find("cannot be given to group root; use sudo, or name a group you are in") !=
          std::string::npos);
}

TEST_CASE("a daemon that may not write lock.mdb is refused") {
    if (!is_root()) return;
    const SharedStore store;
    ::chmod(store.paths.rules_lock().c_str(), 0640);
    const std::string error =
        store.as_nobody([&] { return message(StoreReader::open(store.paths)); });
    CHECK(error.find("lock.mdb is not writable") != std::string::npos);
    ::chmod(store.paths.rules_lock().c_str(), 0660);
    CHECK(store.as_nobody([&] { return message(StoreReader::open(store.paths)); }) == "");
}

/// Mounts `directory` over itself for this process alone, not to be written.
void make_read_only(const std::string& directory) {
    const auto must = [](int result, const char* what) {
        if (result != 0)
            throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
    };
    must(::unshare(CLONE_NEWNS), "unshare");
    must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private");
    must(::mount(directory.c_str(), directory.c_str(), nullptr, MS_BIND, nullptr), "bind");
    must(::mount(nullptr, directory.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr),
         "remount");
}

TEST_CASE("a store on a read-only mount is refused, for root as for a daemon") {
    if (!is_root()) return;
    const SharedStore store;
    for (const bool as_root : {true, false}) {
        const std::string error = elsewhere([&] {
            make_read_only(store.paths.root());
            if (!as_root) become_nobody();
            return message(StoreReader::open(store.paths));
        });
        CHECK(error == "'" + store.paths.rules_lock() +
                           "': the store is on a read-only mount, where it would be read without "
                           "locks; add ReadWritePaths=" +
                           store.paths.root());
    }
}

TEST_CASE("a store that becomes read-only while it is open goes on with its locks") {
    if (!is_root()) return;
    const SharedStore store;
    CHECK(store.add("bad@x.example") == "");
    CHECK(elsewhere([&] {
              const auto opened = StoreReader::open(store.paths);
              make_read_only(store.paths.root());
              return std::string(word(verdict(**opened, "bad@x.example")));
          }) == "reject");
}

TEST_CASE("root does not follow a link that the daemon's user made") {
    if (!is_root()) return;
    const SharedStore store;
    const auto target = store.directory.write("target", "precious");
    CHECK(store.as_nobody([&] {
        return std::string(
            ::symlink(target.c_str(), (store.paths.seen() + "/lock.mdb").c_str()) == 0 ? "made"
                                                                                       : "refused");
    }) == "made");
    CHECK(message(init_store(store.paths, {std::to_string(nobody)})) == "");
    CHECK(store.add("bad@x.example") == "");
    CHECK(contents(target) == "precious");
}

TEST_CASE("owners and modes of a store for a named group") {
    if (!is_root()) return;
    const SharedStore store;
    for (const auto& path : {store.paths.root(), store.paths.rules(), store.paths.rules_data(),
                             store.paths.rules_lock(), store.paths.seen(), store.paths.maildir()}) {
        struct stat info {};
        REQUIRE(::stat(path.c_str(), &info) == 0);
        CAPTURE(path);
        CHECK(info.st_gid == nobody);
    }
    struct stat seen {};
    REQUIRE(::stat(store.paths.seen().c_str(), &seen) == 0);
    CHECK((seen.st_mode & 07777U) == 0770);
}

TEST_CASE("another group for a store that exists is given to all of it, and lost modes come back") {
    if (!is_root()) return;
    const SharedStore store;
    REQUIRE(::chmod(store.paths.rules_data().c_str(), 0666) == 0);
    const auto again = init_store(store.paths, {"root"});
    REQUIRE(again);
    CHECK(again->group == "root");
    CHECK(store.add("bad@x.example") == "");
    CHECK(store.as_nobody([&] { return message(StoreReader::open(store.paths)); })
              .find("Permission denied") != std::string::npos);
    struct stat data {};
    REQUIRE(::stat(store.paths.rules_data().c_str(), &data) == 0);
    CHECK((data.st_mode & 07777U) == 0640U);

    REQUIRE(init_store(store.paths, {std::to_string(nobody)}));
    CHECK(store.as_nobody([&] {
        const auto reader = StoreReader::open(store.paths);
        return reader ? std::string(word(verdict(**reader, "bad@x.example")))
                      : reader.error().message;
    }) == "reject");
}

TEST_CASE("administrators in both groups edit, the daemon reads, and nobody else gets in") {
    if (!is_root()) return;
    constexpr gid_t admins = 65533;
    constexpr uid_t alice = 65532;
    TemporaryDirectory directory;
    ::chmod(directory.path().c_str(), 0755);
    const StorePaths paths{directory / "store"};
    const auto as = [&](uid_t user, const std::vector<gid_t>& groups,
                        const std::function<std::string()>& work) {
        return elsewhere([&] {
            if (::setgroups(groups.size(), groups.data()) != 0 || ::setgid(user) != 0 ||
                ::setuid(user) != 0)
                throw std::runtime_error("cannot become another user");
            return work();
        });
    };
    const auto add = [&](const char* pattern) {
        return [&paths, pattern] {
            return edit_here(paths,
                             [&](Edit& e) { return add_all(e, {rule_for(email(pattern))}); });
        };
    };
    const auto read = [&] { return message(StoreReader::open(paths)); };

    // Named when the store is made, or later: the same comes of it.
    REQUIRE(elsewhere([&] {
                return message(init_store(paths, {std::to_string(nobody), std::to_string(admins)}));
            }) == "");
    for (int round = 0; round < 2; ++round) {
        const std::string pattern = "a" + std::to_string(round) + "@x.example";
        CHECK(as(alice, {nobody, admins}, add(pattern.c_str())) == "");
        CHECK(as(alice, {nobody, admins}, read) == "");
        CHECK(as(nobody, {}, read) == "");
        CHECK(as(nobody, {}, add("b@x.example")).find("Permission denied") != std::string::npos);
        CHECK(as(alice, {admins}, read).find("Permission denied") != std::string::npos);
        CHECK(as(alice, {}, read).find("Permission denied") != std::string::npos);
        CHECK(as(alice, {}, add("b@x.example")).find("use sudo, or --store DIR") !=
              std::string::npos);
        if (round > 0) break;
        REQUIRE(elsewhere([&] { return message(init_store(paths, {"", "root"})); }) == "");
        CHECK(as(alice, {nobody, admins}, add("b@x.example")).find("Permission denied") !=
              std::string::npos);
        const auto later = init_store(paths, {"", std::to_string(admins)});
        REQUIRE(later);
        CHECK(later->group == "nogroup");
        REQUIRE(later->notes.size() == 1);
        CHECK(later->notes[0].find("must be in both groups") != std::string::npos);
    }
}

}  // namespace
}  // namespace smtpblock
