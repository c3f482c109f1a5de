#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "daemon/policy/helo_name.h"

namespace smtpblock::policy {
namespace {

std::vector<std::string> texts(std::string_view helo_name) {
    std::vector<std::string> out;
    for (const EhloName& name : names_of_helo(helo_name)) out.push_back(name.text);
    return out;
}

std::vector<std::string> originals(std::string_view helo_name) {
    return names_of_helo(helo_name).back().originals;
}

bool may_have_been(std::string_view shown, std::string_view original) {
    const auto all = originals(shown);
    return std::find(all.begin(), all.end(), original) != all.end();
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a name without a question mark is itself alone") {
    CHECK(texts("Mail.Example.NET.") == Texts{"mail.example.net"});
    CHECK(texts("mail and more") == Texts{"mail"});
    CHECK(texts("") == Texts{""});
    CHECK(originals("mail.example.net").empty());
    CHECK(names_of_helo("[192.0.2.7]") == std::vector{EhloName::parse("[192.0.2.7]")});
}

TEST_CASE("what is shown as a question mark may be the blank behind a name") {
    CHECK(texts("ylmf-pc?x") == Texts{"ylmf-pc", "ylmf-pc?x"});
    CHECK(texts("ylmf-pc??") == Texts{"ylmf-pc", "ylmf-pc??"});
    CHECK(texts("a?b?c") == Texts{"a", "a?b?c"});
    CHECK(names_of_helo("[192.0.2.7]?x").front().address);
    // Postfix drops blanks before a name and at the end.
    for (const char* none : {"?", "??", "?x", "x?"}) CHECK(texts(none) == Texts{none});
}

TEST_CASE("up to two question marks of a name are looked through") {
    CHECK(originals("?").size() == 8);
    CHECK(originals("??").size() == 80);
    CHECK(originals("x?y").size() == 8);
    CHECK(may_have_been("??", "()"));
    CHECK(may_have_been("User?PC", "user@pc"));
    CHECK(may_have_been("?null?", "(null)"));
    CHECK(may_have_been("?null??x", "(null)"));
    CHECK(may_have_been("a?b", "a\\b"));
    CHECK_FALSE(may_have_been("a?b", "a?b"));  // is looked up anyhow
    CHECK_FALSE(may_have_been("a?b", "a"));    // is a name of its own
    CHECK_FALSE(may_have_been("a?b", "a b"));
    CHECK_FALSE(may_have_been("a?b", "axb"));
    CHECK_FALSE(may_have_been("?a?b?", "<a@b>"));
    CHECK(originals(std::string(8000, '?')).size() == 9 + 81);
    CHECK(originals(std::string(600, 'x') + "?").empty());
}

}  // namespace smtpblock::policy
