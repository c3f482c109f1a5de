#include "cli/display_width.h"

#include <catch2/catch.hpp>

using namespace smtpblock;

TEST_CASE("East Asian characters take two columns, combining marks none") {
    CHECK(display_width("") == 0);
    CHECK(display_width("example.com") == 11);
    CHECK(display_width("b\u00fccher") == 6);
    CHECK(display_width("u\u0308") == 1);
    CHECK(display_width("\u4f8b\u3048.jp") == 7);
    CHECK(display_width("\U0001f4e8") == 2);
    CHECK(display_width("\u0e08\u0e31\u0e14") == 2);  // Thai with a vowel above
    CHECK(display_width("\xff") == 1);
}

TEST_CASE("text is cut to columns, not to octets") {
    CHECK(cut_to_width("example", 7) == "example");
    CHECK(cut_to_width("example", 6) == "examp\u2026");
    CHECK(cut_to_width("example", 1) == "\u2026");
    CHECK(cut_to_width("example", 0).empty());
    CHECK(cut_to_width("", 0).empty());
    CHECK(cut_to_width("\u4f8b\u3048\u4f8b", 6) == "\u4f8b\u3048\u4f8b");
    CHECK(cut_to_width("\u4f8b\u3048\u4f8b", 5) == "\u4f8b\u3048\u2026");
    // A wide character that would need the ellipsis's column goes.
    CHECK(cut_to_width("\u4f8b\u3048\u4f8b", 4) == "\u4f8b\u2026");
}

TEST_CASE("a combining mark goes or stays with its character") {
    CHECK(cut_to_width("au\u0308b", 3) == "au\u0308b");
    CHECK(cut_to_width("au\u0308bc", 3) == "au\u0308\u2026");
    CHECK(cut_to_width("au\u0308bc", 2) == "a\u2026");
}

TEST_CASE("what was cut is never wider than it may be") {
    const std::string text = "a\u4f8bu\u0308\U0001f4e8\u00fcz\u3048";
    for (std::size_t columns = 0; columns <= display_width(text); ++columns) {
        CAPTURE(columns);
        CHECK(display_width(cut_to_width(text, columns)) <= columns);
    }
}
