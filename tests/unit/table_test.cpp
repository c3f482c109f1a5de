#include "cli/table.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "cli/display_width.h"

using namespace smtpblock;

namespace {

using Widths = std::vector<std::size_t>;

/// A table of a number, a name that may be cut to 6 and a reason that may be cut to 4.
class Fixture {
public:
    explicit Fixture(std::size_t columns)
        : terminal_(in_, write_, err_, {.for_people = true, .columns = columns}),
          table(terminal_, {{"ID"}, {"NAME", 6}, {"WHY", 4}}) {}

    std::vector<std::string> lines() {
        table.end();
        REQUIRE(terminal_.finish());
        std::vector<std::string> all;
        std::istringstream text(out_);
        for (std::string line; std::getline(text, line);) all.push_back(line);
        return all;
    }

private:
    std::istringstream in_;
    std::string out_;
    std::ostringstream err_;
    Terminal::Write write_ = [this](std::string_view text) {
        out_ += text;
        return 0;
    };
    Terminal terminal_;

public:
    Table table;
};

}  // namespace

TEST_CASE("columns are as wide as their widest cell, and lines end with their text") {
    Fixture f(40);
    f.table.row({{"1"}, {"\u00fc.example"}, {"short"}});
    f.table.row({{"12"}, {"\u4f8b\u3048.jp"}, {"\u00fc\u00fc"}});
    f.table.row({{"3"}, {"u\u0308"}, {""}});
    CHECK(f.lines() == std::vector<std::string>{"ID  NAME       WHY",                   //
                                                "1   \u00fc.example  short",            //
                                                "12  \u4f8b\u3048.jp    \u00fc\u00fc",  //
                                                "3   u\u0308"});
}

TEST_CASE("a table without rows is nothing") {
    Fixture f(40);
    CHECK(f.lines().empty());
}

TEST_CASE("what does not fit is cut from the right, columns that may not be cut last of all") {
    CHECK(fitted({2, 20, 20}, {0, 6, 4}, 42) == Widths{2, 20, 20});
    CHECK(fitted({2, 20, 20}, {0, 6, 4}, 41) == Widths{2, 20, 19});
    CHECK(fitted({2, 20, 20}, {0, 6, 4}, 26) == Widths{2, 20, 4});
    CHECK(fitted({2, 20, 20}, {0, 6, 4}, 12) == Widths{2, 6, 4});
    CHECK(fitted({2, 20, 20}, {0, 6, 4}, 10) == Widths{2, 6, 2});
    CHECK(fitted({2, 20, 20}, {0, 6, 4}, 5) == Widths{2, 2, 1});
    CHECK(fitted({2, 20, 20}, {0, 6, 4}, 3) == Widths{1, 1, 1});
    CHECK(fitted({2, 3, 3}, {0, 6, 4}, 7) == Widths{2, 3, 2});
}

TEST_CASE("no line is wider than the terminal") {
    for (std::size_t columns = 7; columns < 60; columns += 5) {
        CAPTURE(columns);
        Fixture f(columns);
        f.table.row({{"1"}, {"example.example"}, {"\u4f8b\u3048\u4f8b\u3048\u4f8b\u3048"}});
        for (int i = 0; i < 1500; ++i)
            f.table.row({{std::to_string(i)}, {"long.example.example"}, {std::string(90, 'x')}});
        const auto lines = f.lines();
        CHECK(lines.size() == 1502);
        for (const std::string& line : lines)
            if (display_width(line) > columns) FAIL_CHECK(line);
    }
}

TEST_CASE("an ID that is longer than those before it stays whole") {
    Fixture f(30);
    for (int i = 0; i < 1000; ++i) f.table.row({{"1"}, {"a.example"}, {"because of this"}});
    f.table.row({{"1234567890"}, {"b.example"}, {"because of this"}});
    CHECK(f.lines().back() == "1234567890  b.example  becaus\u2026");
}

TEST_CASE("rows beyond the first ones are printed as they come") {
    Fixture f(40);
    for (int i = 0; i < 5000; ++i) f.table.row({{"1"}, {"a"}, {std::string(30, 'x')}});
    f.table.row({{"2"}, {"a name that the first rows did not have"}, {"why"}});
    const auto lines = f.lines();
    CHECK(lines.size() == 5002);
    CHECK(lines.back() == "2   a n\u2026  why");
}
