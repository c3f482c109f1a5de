#include "common/glob_index.h"

#include <rapidcheck/catch.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "unit/words.h"

namespace smtpblock {
namespace {

using test::words;

using Texts = std::set<std::string>;

/// The globs that match `value`; one that was visited twice stands there as `twice: GLOB`.
Texts matching(const GlobIndex& index, std::string_view value) {
    Texts found;
    index.visit(value, [&](std::string_view glob) {
        if (!found.insert(std::string(glob)).second) found.insert("twice: " + std::string(glob));
    });
    return found;
}

Texts matching_one_by_one(const Texts& globs, std::string_view value) {
    Texts found;
    for (const std::string& glob : globs)
        if (glob_matches(glob, value)) found.insert(glob);
    return found;
}

void fill(GlobIndex& index, const Texts& globs) {
    for (const std::string& glob : globs) index.see(glob);
    index.sweep();
}

/// Of so few letters that globs and values meet, with literals of every length.
rc::Gen<std::string> globs() {
    return words({"*", "*", "?", "\\*", "a", "b", "aab", "abba", "aabab@", "\xc3\xbc"});
}

rc::Gen<std::string> values() {
    return words({"a", "b", "ab", "abba", "aabab@", "*", "\xc3\xbc", "\xff"});
}

}  // namespace

TEST_CASE("an index finds the globs that match a value, each once") {
    GlobIndex index;
    CHECK(matching(index, "a").empty());
    fill(index,
         {"*", "a*", "*spam*@example.com", "*spam*", "host-??.example", "???", "\\*", "*.b*"});
    CHECK(index.size() == 8);
    CHECK(matching(index, "") == Texts{"*"});
    CHECK(matching(index, "a") == Texts{"*", "a*"});
    CHECK(matching(index, "*") == Texts{"*", "\\*"});
    CHECK(matching(index, "a.b") == Texts{"*", "a*", "???", "*.b*"});
    CHECK(matching(index, "host-17.example") == Texts{"*", "host-??.example"});
    CHECK(matching(index, "host-1.example") == Texts{"*"});
    CHECK(matching(index, "spamspamspam@example.com") ==
          Texts{"*", "*spam*", "*spam*@example.com"});
}

TEST_CASE("what was not seen since the last sweep is forgotten") {
    GlobIndex index;
    fill(index, {"*one*", "*two*", "*", "x?"});
    index.see("*two*");
    index.see("*three*");
    index.see("*two*");
    index.sweep();
    CHECK(index.size() == 2);
    CHECK(matching(index, "onetwothree") == Texts{"*two*", "*three*"});
    index.sweep();
    CHECK(index.size() == 0);
    CHECK(matching(index, "onetwothree").empty());
    fill(index, {"*one*"});
    CHECK(matching(index, "onetwothree") == Texts{"*one*"});
}

TEST_CASE("a thousand globs with the same words are told apart") {
    GlobIndex index;
    Texts globs;
    for (int i = 0; i < 1000; ++i) globs.insert("*spam*" + std::to_string(i) + "@example.com");
    fill(index, globs);
    CHECK(matching(index, "cheapspam717@example.com") ==
          Texts{"*spam*7@example.com", "*spam*17@example.com", "*spam*717@example.com"});
    CHECK(matching(index, "cheap717@example.com").empty());
}

TEST_CASE("an index finds what a search one by one finds") {
    rc::prop("visit() is glob_matches() with each", [] {
        const Texts wanted = *rc::gen::container<Texts>(globs());
        GlobIndex index;
        fill(index, wanted);
        for (const std::string& value : *rc::gen::container<std::vector<std::string>>(values()))
            RC_ASSERT(matching(index, value) == matching_one_by_one(wanted, value));
    });
}

TEST_CASE("an index that is changed is as one that is made anew") {
    rc::prop("see() and sweep(), again and again", [] {
        GlobIndex index;
        for (const Texts& now :
             *rc::gen::container<std::vector<Texts>>(rc::gen::container<Texts>(globs()))) {
            fill(index, now);
            RC_ASSERT(index.size() == now.size());
            const std::string value = *values();
            RC_ASSERT(matching(index, value) == matching_one_by_one(now, value));
        }
    });
}

}  // namespace smtpblock
