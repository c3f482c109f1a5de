#include "cli/progress.h"

#include <catch2/catch.hpp>

#include "cli/display_width.h"

using namespace smtpblock;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view erasing = "\r\x1b[K";

struct Fixture {
    explicit Fixture(std::size_t columns = 72)
        : progress([this](std::string_view text) { drawn += text; }, columns, start) {}

    /// What was drawn since the last call.
    std::string take() { return std::exchange(drawn, {}); }
    /// The same, but for how the line before it was taken away.
    std::string line() {
        std::string text = take();
        return text.starts_with(erasing) ? text.substr(erasing.size()) : text;
    }

    Progress::Instant start{1000s};
    std::string drawn;
    Progress progress;
};

}  // namespace

TEST_CASE("what takes less than a second shows no bar") {
    Fixture f;
    f.progress.step("importing bad.csv", 100, f.start);
    f.progress.at(50, f.start + 999ms);
    f.progress.erase();
    CHECK(f.drawn.empty());
}

TEST_CASE("after a second the bar shows how much is done and how long the rest takes") {
    Fixture f;
    f.progress.step("importing bad.csv", 200, f.start);
    f.progress.at(100, f.start + 1s);
    CHECK(f.take() ==
          "\r\x1b[Kimporting bad.csv [===================>                  ]  50% 1s left");
    f.progress.at(150, f.start + 3s);
    CHECK(f.line() == "importing bad.csv [============================>         ]  75% 1s left");
    f.progress.at(200, f.start + 4s);
    CHECK(f.line() == "importing bad.csv [======================================] 100% 0s left");
    f.progress.erase();
    CHECK(f.take() == erasing);
    f.progress.erase();
    CHECK(f.drawn.empty());
}

TEST_CASE("the bar is drawn ten times a second at most") {
    Fixture f;
    f.progress.step("sorting", 1000, f.start);
    int drawn = 0;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        f.progress.at(i, f.start + 1s + std::chrono::milliseconds(i));
        drawn += f.take().empty() ? 0 : 1;
    }
    CHECK(drawn == 10);
}

TEST_CASE("a step of unknown length shows a number, and no time that nobody knows") {
    Fixture f;
    f.progress.step("reading", 0, f.start);
    f.progress.at(1234, f.start + 2s);
    CHECK(f.line() == "reading: 1234");
    f.progress.step("writing", 10, f.start + 5s);
    CHECK(f.line() == "writing [>                                       ]   0%");
    f.progress.at(20, f.start + 7s);  // more than was announced
    CHECK(f.line() == "writing [========================================] 100% 0s left");
}

TEST_CASE("the line is narrower than the terminal, and hostile names are escaped") {
    for (std::size_t columns = 1; columns < 100; ++columns) {
        CAPTURE(columns);
        Fixture f(columns);
        f.progress.step("reading \u4f8b\u3048.csv", 1000, f.start);
        f.progress.at(10, f.start + 2s);
        CHECK(display_width(f.line()) < columns);
    }
    Fixture f;
    f.progress.step("reading \x1b]0;x\x07", 0, f.start);
    f.progress.at(1, f.start + 1s);
    CHECK(f.line() == "reading \\x1b]0;x\\x07: 1");
}

TEST_CASE("without a terminal there is no bar") {
    Fixture f(0);
    f.progress.step("reading", 10, f.start);
    f.progress.at(5, f.start + 1h);
    f.progress.erase();
    CHECK(f.drawn.empty());
}
