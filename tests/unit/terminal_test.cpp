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

TEST_CASE("output goes out in pieces, and no more once nobody reads it") {
    Fixture f;
    const std::string line(1000, 'x');
    for (int i = 0; i < 1000; ++i) f.terminal.line(line);
    CHECK(f.out.size() > 900'000);
    REQUIRE(f.terminal.finish());
    CHECK(f.out.size() == 1'001'000);

    Fixture gone;
    gone.error = EPIPE;
    int made = 0;
    for (; made < 1000 && gone.terminal.has_reader(); ++made) gone.terminal.line(line);
    CHECK(made < 100);
    const std::size_t tried = gone.out.size();
    gone.terminal.line(line);
    CHECK(gone.terminal.finish());
    CHECK(gone.out.size() == tried);
}

TEST_CASE("an early piece that does not arrive is an error in the end") {
    Fixture full;
    full.error = ENOSPC;
    for (int i = 0; i < 100; ++i) full.terminal.line(std::string(1000, 'x'));
    full.error = 0;
    CHECK(full.terminal.finish("added").error().message ==
          "standard output: added, but cannot print: No space left on device");
}
