#include "cli/spool.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "unit/temporary_directory.h"

namespace smtpblock {
namespace {

std::string drained(Spool& spool) {
    std::string all;
    REQUIRE(spool.drain([&](std::string_view piece) { all += piece; }));
    return all;
}

}  // namespace

TEST_CASE("a spool gives back what it took, little and much") {
    Spool spool;
    CHECK(spool.empty());
    CHECK(drained(spool).empty());
    spool.append("one\n");
    CHECK_FALSE(spool.empty());
    CHECK(drained(spool) == "one\n");

    std::string wanted = "one\n";
    for (int i = 0; i < 1'000'000; ++i) {
        const std::string line = std::to_string(i) + "\n";
        spool.append(line);
        wanted += line;
    }
    CHECK(drained(spool) == wanted);
}

TEST_CASE("a spool that finds no room says so when it is drained") {
    const test::TemporaryDirectory directory;
    const char* const before = std::getenv("TMPDIR");
    const std::string restored = before != nullptr ? before : "";
    ::setenv("TMPDIR", (directory / "absent").c_str(), 1);
    Spool spool;
    spool.append(std::string(std::size_t{5} << 20U, 'x'));
    if (restored.empty())
        ::unsetenv("TMPDIR");
    else
        ::setenv("TMPDIR", restored.c_str(), 1);
    const auto result = spool.drain([](std::string_view) {});
    REQUIRE_FALSE(result);
    CHECK(result.error().message.find("cannot make a temporary file") != std::string::npos);
}

}  // namespace smtpblock
