#include "common/text.h"

#include <catch2/catch.hpp>

namespace smtpblock {

using namespace std::string_literals;

TEST_CASE("case is folded in ASCII alone") {
    CHECK(lower("AbZ@[`{09") == "abz@[`{09");
    CHECK(lower("\xc3\x84") == "\xc3\x84");
    CHECK(equal_ignoring_case("EHLO", "ehlo"));
    CHECK_FALSE(equal_ignoring_case("EHLO", "ehl"));
    CHECK_FALSE(equal_ignoring_case("@", "`"));
    CHECK(starts_with_ignoring_case("From:<a>", "FROM:"));
    CHECK_FALSE(starts_with_ignoring_case("Fro", "FROM:"));
    CHECK(starts_with_ignoring_case("x", ""));
}

TEST_CASE("folded texts are equal when they differ in case alone") {
    CHECK(folded("AbZ@[`{09") == "abz@[`{09");
    CHECK(folded("\u00c4") == "\u00e4");
    CHECK(folded("A\u0308") == "\u00e4");
    CHECK(folded("stra\u00dfe") == "strasse");
    CHECK(folded("\u03c2\u03a3") == "\u03c3\u03c3");
    CHECK(folded("\u0130") == "i\u0307");
    CHECK(folded("\u212a") == "k");
    CHECK(folded("\xff\u00c4X") == "\xff\u00c4x");
    CHECK(folded("\u00c4\0X"s) == "\u00e4\0x"s);
    CHECK(folded("").empty());
}

TEST_CASE("a character that cannot be seen is found") {
    CHECK(hidden_character("a b\u00fc\u20ac").empty());
    CHECK(hidden_character("").empty());
    for (const char* hidden : {"\u00a0", "\u0085", "\u009b", "\u00ad", "\u061c", "\u1680", "\u180e",
                               "\u2003", "\u200b", "\u200d", "\u2028", "\u202e", "\u202f", "\u205f",
                               "\u2066", "\u3000", "\ufeff", "\U000e0041"}) {
        CAPTURE(printable(hidden));
        CHECK(hidden_character("\u00fc" + std::string(hidden) + "x") == hidden);
    }
    CHECK(code_point_name("\u200bx") == "U+200B");
    CHECK(code_point_name("\U000e0041") == "U+E0041");
}

TEST_CASE("characters are counted, not octets") {
    CHECK(character_octets("a") == 1);
    CHECK(character_octets("\u00fcb") == 2);
    CHECK(character_octets("\u20ac") == 3);
    CHECK(character_octets("\U0001f600") == 4);
    CHECK(character_octets("\xc3") == 1);
    CHECK(character_octets("\xff\xff") == 1);
}

TEST_CASE("only well-formed UTF-8 is UTF-8") {
    for (const auto& good :
         {""s, "abc"s, "\0"s, "\xc2\x80"s, "\xdf\xbf"s, "\xe0\xa0\x80"s, "\xed\x9f\xbf"s,
          "\xee\x80\x80"s, "\xef\xbf\xbf"s, "\xf0\x90\x80\x80"s, "\xf4\x8f\xbf\xbf"s}) {
        CAPTURE(printable(good));
        CHECK(is_utf8(good));
    }
    for (const auto& bad :
         {"\x80"s, "\xbf"s, "\xc0\x80"s, "\xc1\xbf"s, "\xc3"s, "\xc3("s, "\xe0\x9f\xbf"s,
          "\xe2\x82"s, "\xed\xa0\x80"s, "\xed\xbf\xbf"s, "\xf0\x8f\xbf\xbf"s, "\xf4\x90\x80\x80"s,
          "\xf5\x80\x80\x80"s, "\xff"s, "\xf8\x88\x80\x80\x80"s, "ok\xe2\x82"s}) {
        CAPTURE(printable(bad));
        CHECK_FALSE(is_utf8(bad));
    }
}

TEST_CASE("what is printable cannot move a cursor or pretend to be something else") {
    CHECK(printable("mail.example.com") == "mail.example.com");
    CHECK(printable("a\\b") == "a\\\\b");
    CHECK(printable("\x1b[31m\n\r\t\x7f"s) == "\\x1b[31m\\x0a\\x0d\\x09\\x7f");
    CHECK(printable("\0"s) == "\\x00");
    CHECK(printable("b\xc3\xbc") == "b\xc3\xbc");
    CHECK(printable("\xe2\x82\xac\xf0\x9f\x98\x80") == "\xe2\x82\xac\xf0\x9f\x98\x80");
    CHECK(printable("\xff\xc3") == "\\xff\\xc3");
    CHECK(printable("\xc2\x9b") == "\\xc2\\x9b");  // C1 CSI
    CHECK(printable("\xc2\xa0") == "\xc2\xa0");
    CHECK(printable("\xe2\x80\xae") == "\\xe2\\x80\\xae");     // right-to-left override
    CHECK(printable("\xe2\x81\xa6") == "\\xe2\\x81\\xa6");     // left-to-right isolate
    CHECK(printable("\xd8\x9c") == "\\xd8\\x9c");              // Arabic letter mark
    CHECK(printable("\xe2\x80\x8b") == "\\xe2\\x80\\x8b");     // zero width space
    CHECK(printable("\xef\xbb\xbf") == "\\xef\\xbb\\xbf");     // byte order mark
    CHECK(printable("\U000e0041") == "\\xf3\\xa0\\x81\\x81");  // a tag
    CHECK(quoted("a'b\n") == "'a'b\\x0a'");
    CHECK(quoted("a\\*b") == "'a\\*b'");
    CHECK(quoted("a\\\n") == "'a\\\\\\x0a'");
}

TEST_CASE("kinds of octets") {
    CHECK(is_control('\0'));
    CHECK(is_control('\x1f'));
    CHECK(is_control('\x7f'));
    CHECK_FALSE(is_control(' '));
    CHECK_FALSE(is_control('\x80'));
    CHECK(is_eight_bit('\x80'));
    CHECK(is_eight_bit('\xff'));
    CHECK_FALSE(is_eight_bit('\x7f'));
    CHECK(is_letter('Z'));
    CHECK_FALSE(is_letter('['));
    CHECK(is_digit('0'));
    CHECK_FALSE(is_digit(':'));
}

}  // namespace smtpblock
