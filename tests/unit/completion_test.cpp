#include "cli/completion.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace smtpblock;

namespace {

using Words = std::vector<std::string>;
using Kind = Completion::Kind;

/// What rules were asked for.
struct Asked {
    GlobalOptions options;
    std::optional<RuleType> type;
    std::string typed;
};

Completion complete(const Words& words, std::vector<Asked>* asked = nullptr) {
    return completion_of(words,
                         [&](const GlobalOptions& options, std::optional<RuleType> type,
                             std::string_view typed) -> std::vector<Completion::Candidate> {
                             if (asked != nullptr)
                                 asked->push_back({options, type, std::string(typed)});
                             return {{"rule", "17"}};
                         });
}

Words offered(const Words& words) {
    Words texts;
    for (const auto& candidate : complete(words).candidates) texts.push_back(candidate.text);
    std::sort(texts.begin(), texts.end());
    return texts;
}

}  // namespace

TEST_CASE("before a command stand commands and the options of every command") {
    CHECK(offered({"sh"}) == Words{"show"});
    CHECK(offered({"--quiet", "--store", "/s", "sh"}) == Words{"show"});
    CHECK(offered({"r"}) == Words{"restore", "resume", "rm"});
    CHECK(offered({"--v"}) == Words{"--version"});
    CHECK(offered({"--js"}) == Words{"--json"});
    CHECK(offered({"help", "sh"}) == Words{"show"});
    CHECK(offered({"nonsense", ""}).empty());
}

TEST_CASE("an option has its values, however they are joined") {
    CHECK(offered({"add", "--dir", ""}) == Words{"both", "in", "out"});
    CHECK(offered({"add", "--dir", "b"}) == Words{"both"});
    CHECK(offered({"add", "--dir=b"}) == Words{"both"});
    CHECK(complete({"add", "--dir=b"}).before == "--dir=");
    CHECK(offered({"list", "--sort", "c"}) == Words{"created"});
    CHECK(offered({"add", "--for", "1"}) == Words{"15m", "1d", "1w"});
    CHECK(offered({"add", "--dir", "in", "--act"}) == Words{"--action"});
    CHECK(offered({"add", "--until", ""}).empty());
    CHECK(offered({"add", "--nonsense=x"}).empty());
    CHECK(offered({"add", "--json=x"}).empty());
}

TEST_CASE("files, directories and groups are the shell's") {
    CHECK(complete({"--store", "/v"}).kind == Kind::directories);
    CHECK(complete({"--store", "/v"}).typed == "/v");
    CHECK(complete({"--config=/e"}).kind == Kind::files);
    CHECK(complete({"--config=/e"}).before == "--config=");
    CHECK(complete({"--config=/e"}).typed == "/e");
    CHECK(complete({"init", "--group", ""}).kind == Kind::groups);
    CHECK(complete({"import", ""}).kind == Kind::files);
    CHECK(complete({"import", "a.csv", ""}).kind == Kind::words);
    CHECK(offered({"import", "a.csv", ""}).empty());
}

TEST_CASE("rules are asked for where a rule may stand, in the store that is meant") {
    std::vector<Asked> asked;
    CHECK(complete({"--store=/s", "rm", "--type", "ehlo", "x", "y"}, &asked).candidates.size() ==
          1);
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].options.store == "/s");
    CHECK(asked[0].type == RuleType::ehlo);
    CHECK(asked[0].typed == "y");
    complete({"edit", "--", "-d"}, &asked);
    CHECK(asked.at(1).typed == "-d");
    for (const Words& words : {Words{"add", "x"}, Words{"edit", "1", "x"}, Words{"list", "x"},
                               Words{"edit", "--pattern", "x"}, Words{"rm", "-"}}) {
        complete(words, &asked);
        CHECK(asked.size() == 2);
    }
}
