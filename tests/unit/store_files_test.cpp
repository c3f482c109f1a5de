#include "common/store_files.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "common/store.h"
#include "unit/store_support.h"

namespace smtpblock {
namespace {

namespace fs = std::filesystem;
using namespace test;

struct stat info_of(const std::string& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) throw std::runtime_error("no " + path);
    return info;
}

unsigned mode_of(const std::string& path) {
    return info_of(path).st_mode & 07777U;
}

TEST_CASE("init makes directories and files with their modes, whatever the umask") {
    const TemporaryDirectory directory;
    const StorePaths paths(directory / "store");
    const mode_t before = ::umask(0777);
    const auto made = init_store(paths, {});
    ::umask(before);
    REQUIRE(message(made) == "");
    CHECK(made->created);
    CHECK(mode_of(paths.root()) == 0755);
    CHECK(mode_of(paths.rules()) == 0750);
    CHECK(mode_of(paths.rules_data()) == 0640);
    CHECK(mode_of(paths.rules_lock()) == 0660);
    for (const auto& path : {paths.seen(), paths.maildir()})
        CHECK((mode_of(path) == 0750 || mode_of(path) == 0770));
    CHECK(info_of(paths.rules()).st_uid == ::geteuid());
    CHECK(fs::exists(paths.root() + "/rules.new") == false);
}

TEST_CASE("the lock file stands on the disk in full, so that no hole is ever mapped") {
    const TestStore store;
    const auto info = info_of(store.paths.rules_lock());
    CHECK(info.st_size == lock_file_octets);
    CHECK(info.st_blocks * 512 >= lock_file_octets);
}

TEST_CASE("LMDB takes the lock file as made for all readers") {
    const TestStore store;
    CHECK(store.add(email("a@x.example")) == "");
    CHECK(info_of(store.paths.rules_lock()).st_size == lock_file_octets);
}

TEST_CASE("a second init changes nothing and says so") {
    const TestStore store;
    CHECK(store.add(email("bad@x.example")) == "");
    const auto data = info_of(store.paths.rules_data());
    const auto lock = info_of(store.paths.rules_lock());
    const auto again = init_store(store.paths, {});
    REQUIRE(message(again) == "");
    CHECK_FALSE(again->created);
    CHECK(info_of(store.paths.rules_data()).st_ino == data.st_ino);
    CHECK(info_of(store.paths.rules_data()).st_mtime == data.st_mtime);
    CHECK(info_of(store.paths.rules_lock()).st_ino == lock.st_ino);
    CHECK((*store.reader()->find(RuleId{1}))->pattern == email("bad@x.example"));
}

TEST_CASE("init makes again what was removed, but never an empty store over a lost one") {
    const TestStore store;
    CHECK(store.add(email("bad@x.example")) == "");
    fs::remove(store.paths.rules_lock());
    fs::remove(store.paths.seen());
    CHECK(store.add(email("worse@x.example")).find("'smtpblock init' makes it anew") !=
          std::string::npos);
    CHECK(message(init_store(store.paths, {})) == "");
    CHECK(mode_of(store.paths.rules_lock()) == 0660);
    CHECK(fs::exists(store.paths.seen()));
    CHECK(store.add(email("worse@x.example")) == "");

    fs::remove(store.paths.rules_data());
    CHECK(store.add(email("worst@x.example")).find("bring it back from a backup") !=
          std::string::npos);
    CHECK(message(init_store(store.paths, {})).find("bring it back from a backup") !=
          std::string::npos);
    CHECK_FALSE(fs::exists(store.paths.rules_data()));
}

TEST_CASE("an init that was killed is begun anew by the next one") {
    const TemporaryDirectory directory;
    const StorePaths paths(directory / "store");
    fs::create_directories(paths.root() + "/rules.new");
    const auto half = directory.write("store/rules.new/data.mdb", "half");
    CHECK(StoreReader::open(paths).error().code == ErrorCode::no_store);
    CHECK(message(init_store(paths, {})) == "");
    CHECK(message(StoreReader::open(paths)) == "");
    CHECK_FALSE(fs::exists(half));
}

TEST_CASE("inits at the same time make one store") {
    const TemporaryDirectory directory;
    const StorePaths paths(directory / "store");
    std::vector<std::unique_ptr<Process>> processes;
    for (int i = 0; i < 8; ++i)
        processes.push_back(std::make_unique<Process>([&, i] {
            auto error = message(init_store(paths, {}));
            if (!error.empty()) return error;
            return edit_here(paths, [&](Edit& e) {
                return add_all(e, {rule_for(email(fmt::format("{}@x.example", i)))});
            });
        }));
    for (const auto& process : processes) CHECK(process->says() == "");
    CHECK((*(*StoreReader::open(paths))->state()).rules == 8);
}

TEST_CASE("an empty directory becomes the store, a used one keeps its mode") {
    const TemporaryDirectory directory;
    fs::create_directory(directory / "empty");
    fs::create_directory(directory / "used");
    directory.write("used/file", "");
    ::chmod((directory / "empty").c_str(), 0700);
    ::chmod((directory / "used").c_str(), 0700);
    CHECK(message(init_store(StorePaths(directory / "empty"), {})) == "");
    const auto used = init_store(StorePaths(directory / "used"), {});
    REQUIRE(message(used) == "");
    CHECK(mode_of(directory / "empty") == 0755);
    CHECK(mode_of(directory / "used") == 0700);
}

TEST_CASE("a store path with slashes at its end is the same store") {
    const TestStore store;
    CHECK(store.add(email("bad@x.example")) == "");
    const auto reader = StoreReader::open(StorePaths(store.paths.root() + "///"));
    REQUIRE(message(reader) == "");
    CHECK((*(*reader)->state()).rules == 1);
}

TEST_CASE("a symbolic link is refused as the store, as its rules and as its files") {
    const TestStore store;
    const auto refused = [](const StorePaths& paths, const std::string& why) {
        for (const std::string& error :
             {message(StoreReader::open(paths)), message(StoreWriter::open(paths))}) {
            CAPTURE(error);
            CHECK(error.find(why) != std::string::npos);
        }
    };
    for (const std::string name : {"link", "link/"}) {
        if (!fs::exists(store.directory / "link"))
            fs::create_symlink(store.paths.root(), store.directory / "link");
        refused(StorePaths(store.directory / name), "a symbolic link; name the directory itself");
        CHECK(message(init_store(StorePaths(store.directory / name), {})).find("a symbolic link") !=
              std::string::npos);
    }
    for (const std::string& part :
         {store.paths.rules_data(), store.paths.rules_lock(), store.paths.rules()}) {
        fs::rename(part, part + ".away");
        fs::create_symlink(part + ".away", part);
        refused(store.paths, "'" + part + "': not a ");
        fs::remove(part);
        fs::rename(part + ".away", part);
    }
    CHECK(message(StoreReader::open(store.paths)) == "");
}

TEST_CASE("a directory that anybody may write is refused, but for a sticky one") {
    const TestStore store;
    const auto open = [&] { return message(StoreReader::open(store.paths)); };
    ::chmod(store.directory.path().c_str(), 0777);
    CHECK(open() == "'" + store.paths.root() +
                        "': anybody may exchange the store in it; chmod o-w '" +
                        store.directory.path() + "', or give another directory with --store");
    CHECK(message(init_store(StorePaths(store.directory / "new"), {})).find("chmod o-w") !=
          std::string::npos);
    CHECK_FALSE(fs::exists(store.directory / "new"));
    ::chmod(store.directory.path().c_str(), 01777);
    CHECK(open() == "");
    ::chmod(store.paths.root().c_str(), 0777);
    CHECK(message(StoreWriter::open(store.paths)).find("chmod o-w") != std::string::npos);
}

TEST_CASE("what cannot hold a store is named") {
    const TemporaryDirectory directory;
    const auto file = directory.write("file", "");
    CHECK(message(init_store(StorePaths(file), {})) ==
          "'" + file + "': not a directory; a store is one");
    CHECK(message(init_store(StorePaths(directory / "no/store"), {}))
              .find("no such directory; make it first") != std::string::npos);
    CHECK(init_store(StorePaths(""), {}).error().code == ErrorCode::bad_input);
    CHECK(init_store(StorePaths(directory / "x"), {"no-such-group"}).error().code ==
          ErrorCode::bad_input);
    CHECK_FALSE(fs::exists(directory / "x"));
}

TEST_CASE("a file of something else is no store, and is left alone") {
    const TestStore store;
    fs::remove(store.paths.rules_data());
    const std::string text(10'000, 'x');
    store.directory.write("store/rules/data.mdb", text);
    CHECK(message(StoreReader::open(store.paths)).find("damaged") != std::string::npos);
    CHECK(message(StoreWriter::open(store.paths)).find("damaged") != std::string::npos);
    CHECK(contents(store.paths.rules_data()) == text);
}

}  // namespace
}  // namespace smtpblock
