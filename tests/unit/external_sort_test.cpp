// Sorting within a budget is compared with std::stable_sort, over records that are few and many,
// short and longer than the budget, with keys that begin alike and keys that are equal.
#include "common/external_sort.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "unit/seed.h"
#include "unit/temporary_directory.h"

namespace smtpblock {
namespace {

using Pair = std::pair<std::string, std::string>;

/// TMPDIR for as long as this lives.
class TemporaryFilesIn {
public:
    explicit TemporaryFilesIn(const std::string& directory) {
        if (const char* before = std::getenv("TMPDIR")) before_ = before;
        ::setenv("TMPDIR", directory.c_str(), 1);
    }
    ~TemporaryFilesIn() {
        if (before_)
            ::setenv("TMPDIR", before_->c_str(), 1);
        else
            ::unsetenv("TMPDIR");
    }

private:
    std::optional<std::string> before_;
};

std::vector<Pair> all_of(Result<std::unique_ptr<RecordReader>> reader) {
    REQUIRE(reader);
    std::vector<Pair> pairs;
    for (;;) {
        auto record = (*reader)->next();
        REQUIRE(record);
        if (!*record) return pairs;
        pairs.emplace_back((*record)->key, (*record)->value);
    }
}

std::vector<Pair> by_key(std::vector<Pair> pairs) {
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const Pair& a, const Pair& b) { return a.first < b.first; });
    return pairs;
}

/// Keys as bad as they come: of two letters and a zero octet, often with a long common beginning.
std::string some_key(std::mt19937& random) {
    std::string key = random() % 3 == 0 ? "" : std::string(random() % 40, 'b');
    for (std::size_t left = random() % 20; left > 0; --left)
        key += std::string("\0a\xff", 3)[random() % 3];
    return key;
}

}  // namespace

TEST_CASE("records come back by key, equal keys as they were added, within any budget") {
    const unsigned seed = test_seed();
    CAPTURE(seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 200; ++round) {
        ExternalSort sort(random() % 2 == 0 ? 1 + random() % 3000 : sort_budget_octets);
        std::vector<Pair> pairs;
        const std::size_t count = random() % 700;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t padding = random() % 100 == 0 ? random() % 9000 : random() % 30;
            pairs.emplace_back(some_key(random), std::to_string(i) + std::string(padding, 'v'));
            REQUIRE(sort.add(pairs.back().first, pairs.back().second));
        }
        CHECK(sort.size() == count);
        if (round % 2 == 0) CHECK(all_of(sort.as_added()) == pairs);
        CHECK(all_of(sort.sorted()) == by_key(pairs));
        CHECK(all_of(sort.as_added()) == pairs);
        CHECK(all_of(sort.sorted()) == by_key(pairs));
    }
}

TEST_CASE("nothing added is nothing read") {
    ExternalSort sort(0);
    CHECK(all_of(sort.sorted()).empty());
    CHECK(all_of(sort.as_added()).empty());
}

TEST_CASE("what fits in the budget needs no file, what does not leaves no name behind") {
    const test::TemporaryDirectory directory;
    const TemporaryFilesIn here(directory.path());
    ExternalSort sort(1000);
    for (int i = 0; i < 100; ++i) REQUIRE(sort.add(std::to_string(i), std::string(50, 'v')));
    CHECK(all_of(sort.sorted()).size() == 100);
    CHECK(std::filesystem::is_empty(directory.path()));

    const TemporaryFilesIn nowhere(directory / "absent");
    ExternalSort small(100000);
    for (int i = 0; i < 100; ++i) REQUIRE(small.add(std::to_string(i), std::string(50, 'v')));
    CHECK(all_of(small.sorted()).size() == 100);
}

TEST_CASE("a directory that takes no temporary file is named") {
    const test::TemporaryDirectory directory;
    const TemporaryFilesIn nowhere(directory / "absent");
    ExternalSort sort(10);
    REQUIRE(sort.add("a", "1"));
    const auto added = sort.add("b", "2");
    REQUIRE_FALSE(added);
    CHECK(added.error().code == ErrorCode::failed);
    CHECK(added.error().message == "'" + directory.path() +
                                       "/absent': cannot make a temporary file: No such file or "
                                       "directory; set TMPDIR to another directory");
}

TEST_CASE("a full disk is told with its directory") {
    const test::TemporaryDirectory directory;
    const TemporaryFilesIn here(directory.path());
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    rlimit small = before;
    small.rlim_cur = 4096;
    ::setrlimit(RLIMIT_FSIZE, &small);
    const auto signal_before = std::signal(SIGXFSZ, SIG_IGN);
    ExternalSort sort(3000);
    Result<void> added;
    for (int i = 0; i < 1000 && added; ++i) added = sort.add(std::to_string(i), "value");
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, signal_before);
    REQUIRE_FALSE(added);
    CHECK(added.error().message == "'" + directory.path() +
                                       "': cannot write a temporary file: File too large; set "
                                       "TMPDIR to a directory with more room");
}

}  // namespace smtpblock
