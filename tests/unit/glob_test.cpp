#include "common/glob.h"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

#include "common/text.h"
#include "unit/words.h"

namespace smtpblock {
namespace {

using test::words;

/// What glob_matches() means, the slow way.
bool slow_match(std::string_view glob, std::string_view value) {
    if (glob.empty()) return value.empty();
    if (glob.front() == '*')
        return slow_match(glob.substr(1), value) ||
               (!value.empty() && slow_match(glob, value.substr(character_octets(value))));
    if (value.empty()) return false;
    if (glob.front() == '?')
        return slow_match(glob.substr(1), value.substr(character_octets(value)));
    if (glob.starts_with("\\*") || glob.starts_with("\\?")) glob.remove_prefix(1);
    return glob.front() == value.front() && slow_match(glob.substr(1), value.substr(1));
}

rc::Gen<std::string> globs() {
    return words({"*", "?", "\\*", "\\?", "\\", "a", "b", "\xc3\xbc", "\xe2\x82\xac"});
}

rc::Gen<std::string> values() {
    return words({"a", "a", "b", "*", "?", "\\", "\xc3\xbc", "\xe2\x82\xac", "\xff"});
}

}  // namespace

TEST_CASE("a star is any run of characters and a question mark is one") {
    CHECK(glob_matches("*", ""));
    CHECK(glob_matches("*", "anything at all"));
    CHECK(glob_matches("a*c", "ac"));
    CHECK(glob_matches("a*c", "abcbc"));
    CHECK_FALSE(glob_matches("a*c", "abcb"));
    CHECK(glob_matches("*b*", "abc"));
    CHECK_FALSE(glob_matches("*d*", "abc"));
    CHECK(glob_matches("a?c", "abc"));
    CHECK_FALSE(glob_matches("a?c", "ac"));
    CHECK_FALSE(glob_matches("?", ""));
    CHECK(glob_matches("??*", "ab"));
    CHECK_FALSE(glob_matches("??*", "a"));
    CHECK(glob_matches("", ""));
    CHECK_FALSE(glob_matches("", "a"));
    CHECK_FALSE(glob_matches("a", ""));
    CHECK(glob_matches("*@*.example.com", "a@b.example.com"));
    CHECK_FALSE(glob_matches("*@*.example.com", "a@example.com"));
}

TEST_CASE("a question mark is a character, not an octet") {
    CHECK(glob_matches("b?cher",
                       "b\xc3\xbc"
                       "cher"));
    CHECK(glob_matches("?", "\xf0\x9f\x98\x80"));
    CHECK_FALSE(glob_matches("??", "\xf0\x9f\x98\x80"));
    CHECK(glob_matches("*?", "\xe2\x82\xac"));
    CHECK(glob_matches("??", "\xff\xfe"));
    CHECK_FALSE(glob_matches("*\x82\xac", "\xe2\x82\xac"));
}

TEST_CASE("an escaped wildcard is itself, any other backslash too") {
    CHECK(glob_matches("a\\*b", "a*b"));
    CHECK_FALSE(glob_matches("a\\*b", "axb"));
    CHECK_FALSE(glob_matches("a\\?b", "axb"));
    CHECK(glob_matches("a\\b", "a\\b"));
    CHECK(glob_matches("a\\\\*", "a\\*"));
    CHECK(glob_matches("a\\", "a\\"));
    CHECK(glob_matches("*\\**", "x*y"));
    CHECK_FALSE(glob_matches("*\\**", "xy"));
}

TEST_CASE("a glob that nearly matches everywhere is not slow") {
    std::string glob;
    for (int i = 0; i < 100; ++i) glob += "*a";
    CHECK_FALSE(glob_matches(glob + "*b", std::string(10000, 'a')));
}

TEST_CASE("the pieces of a glob are what stands between its wildcards") {
    const auto pieces = [](std::string_view glob) {
        std::string out;
        for (const GlobPiece& piece : glob_pieces(glob))
            out += (piece.at_start ? "^" : "(") + piece.text + (piece.at_end ? "$" : ")");
        return out;
    };
    CHECK(pieces("").empty());
    CHECK(pieces("*").empty());
    CHECK(pieces("abc") == "^abc$");
    CHECK(pieces("a*b?c") == "^a)(b)(c$");
    CHECK(pieces("*spam*") == "(spam)");
    CHECK(pieces("?a*") == "(a)");
    CHECK(pieces("a\\*b*\\?") == "^a*b)(?$");
    CHECK(pieces("\\*a") == "^*a$");
}

TEST_CASE("runs of wildcards have one spelling") {
    CHECK(glob_with_short_runs("a**b") == "a*b");
    CHECK(glob_with_short_runs("*?*?*") == "??*");
    CHECK(glob_with_short_runs("a*?b?*") == "a?*b?*");
    CHECK(glob_with_short_runs("*\\**") == "*\\**");
    CHECK(glob_with_short_runs("a\\") == "a\\");
}

TEST_CASE("globs match what a slow and simple matcher says") {
    rc::prop("glob_matches() is slow_match()", [] {
        const auto glob = *globs();
        const auto value = *values();
        const bool expected = slow_match(glob, value);
        RC_ASSERT(glob_matches(glob, value) == expected);
    });
    rc::prop("shortened runs match the same", [] {
        const auto glob = *globs();
        const auto value = *values();
        const auto shortened = glob_with_short_runs(glob);
        RC_ASSERT(glob_matches(glob, value) == glob_matches(shortened, value));
        RC_ASSERT(glob_with_short_runs(shortened) == shortened);
    });
}

TEST_CASE("what a glob matches holds its pieces in order") {
    rc::prop("pieces are found one behind the other", [] {
        const auto glob = *globs();
        const auto value = *values();
        if (!glob_matches(glob, value)) return;
        std::size_t from = 0;
        for (const GlobPiece& piece : glob_pieces(glob)) {
            const auto at = value.find(piece.text, from);
            RC_ASSERT(at != std::string::npos);
            if (piece.at_start) RC_ASSERT(value.starts_with(piece.text));
            if (piece.at_end) RC_ASSERT(value.ends_with(piece.text));
            from = at + piece.text.size();
        }
    });
}

TEST_CASE("a text escaped is a glob for that text alone") {
    rc::prop("glob_escaped() and glob_unescaped() are inverse", [] {
        const auto value = *values();
        RC_ASSERT(!has_wildcard(glob_escaped(value)));
        RC_ASSERT(glob_unescaped(glob_escaped(value)) == value);
        RC_ASSERT(glob_matches(glob_escaped(value), value));
    });
}

}  // namespace smtpblock
