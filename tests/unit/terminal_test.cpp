#include "cli/terminal.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <sstream>

#include "cli/table.h"

using namespace smtpblock;

namespace {

/// A terminal on strings; `error` is what writing to it answers.
struct Fixture {
    explicit Fixture(Terminal::Traits traits = {}) : terminal(in, write, err, traits) {}

    std::istringstream in;
    std::string out;
    std::ostringstream err;
    int error = 0;
    Terminal::Write write = [this](std::string_view text) {
        out += text;
        return error;
    };
    Terminal terminal;
};

}  // namespace

TEST_CASE("output that does not arrive is an error that says what was done all the same") {
    Fixture full;
    full.error = ENOSPC;
    full.terminal.line("1");
    const auto result = full.terminal.finish("added");
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::failed);
    CHECK(result.error().message ==
          "standard output: added, but cannot print: No space left on device");
    full.terminal.line("1");
    CHECK(full.terminal.finish().error().message ==
          "standard output: cannot print: No space left on device");
}

TEST_CASE("a reader that went away is no error, and nothing to print is none") {
    Fixture gone;
    gone.error = EPIPE;
    gone.terminal.line("1");
    CHECK(gone.terminal.finish("added"));
    gone.error = ENOSPC;
    CHECK(gone.terminal.finish());
}

TEST_CASE("--quiet silences notes but no errors") {
    Fixture f;
    f.terminal.note("a");
    f.terminal.present({.quiet = true});
    f.terminal.note("b");
    f.terminal.error("c: d");
    CHECK(f.err.str() == "note: a\nsmtpblock: c: d\n");
}

TEST_CASE("colours are for terminals, unless they are asked for") {
    Fixture pipe({.may_color = true});
    pipe.terminal.present({});
    CHECK(pipe.terminal.styled(Style::bad, "x") == "x");
    pipe.terminal.present({.color = Color::always});
    CHECK(pipe.terminal.styled(Style::bad, "x") == "\x1b[31mx\x1b[0m");
    Fixture screen({.for_people = true, .may_color = true});
    screen.terminal.present({});
    CHECK(screen.terminal.styled(Style::bad, "x") != "x");
    screen.terminal.present({.color = Color::never});
    CHECK(screen.terminal.styled(Style::bad, "x") == "x");
    Fixture plain({.for_people = true, .may_color = false});  // NO_COLOR
    plain.terminal.present({});
    CHECK(plain.terminal.styled(Style::bad, "x") == "x");
}

TEST_CASE("a table is as wide as its cells, its last column cut at the edge") {
    Fixture f({.for_people = true, .columns = 16});
    Table table({"ID", "NAME", "WHY"});
    table.row({{"1"}, {"\u00fc.example"}, {"short"}});
    table.row({{"12"}, {"b"}, {"\u00fc\u00fc\u00fc\u00fc\u00fc"}});
    table.print(f.terminal);
    REQUIRE(f.terminal.finish());
    CHECK(f.out ==
          "ID  NAME       WHY\n"
          "1   \u00fc.example  short\n"
          "12  b          \u00fc\u00fc\u00fc\u00fc\u00fc\n");

    Fixture narrow({.for_people = true, .columns = 18});
    table.print(narrow.terminal);
    REQUIRE(narrow.terminal.finish());
    CHECK(narrow.out ==
          "ID  NAME       WHY\n"
          "1   \u00fc.example  sh\u2026\n"
          "12  b          \u00fc\u00fc\u2026\n");
}
