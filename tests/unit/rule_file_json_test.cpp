#include "cli/rule_file_json.h"

#include <catch2/catch.hpp>

#include "unit/rule_file_support.h"

namespace smtpblock {
namespace {

test::ReadFile read_json(std::string_view text, std::size_t piece = 1U << 20U) {
    return test::read_rules(RuleFormat::json, text, {}, OnBadLine::skip, piece);
}

}  // namespace

using test::Lines;

TEST_CASE("objects a line, over lines, one behind the other and in an array read alike") {
    const std::string a = R"({"pattern":"a@b","dir":"in","action":"log","description":"x\ny"})";
    const std::string b = R"({ "type": "ehlo", "pattern": "b\u00fc\ud83d\ude00",
        "expires": "2026-12-01T17:00:00Z" })";
    for (const std::size_t piece : {1UL, 7UL, 1UL << 20U}) {
        CAPTURE(piece);
        auto read = read_json(a + "\n" + b + "\n", piece);
        CHECK(read.rules ==
              Lines{"1 email a@b in log - x\ny", "2 ehlo bü😀 both reject 2026-12-01T17:00:00Z "});
        CHECK(read_json(a + b + "\n\n", piece).rules.size() == 2);
        read = read_json("\n[" + a + "\n,\n" + b + "]\n", piece);
        CHECK(read.rules ==
              Lines{"2 email a@b in log - x\ny", "4 ehlo bü😀 both reject 2026-12-01T17:00:00Z "});
    }
    CHECK(read_json("").rules.empty());
    CHECK(read_json(" [ ] ").rules.empty());
    CHECK(read_json(" [ ] ").faults.empty());
}

TEST_CASE("what a rule shows but does not set is passed over") {
    const auto read = read_json(
        R"({"id":17,"pattern":"a@b","created":"x","updated":1,"by":null,"hits":1e3,"last_hit":true,)"
        R"("caught":[{"field":"user","value":"x","pattern":["y"]}],)"
        R"("expires":null,"description":null})");
    CHECK(read.rules == Lines{"1 email a@b both reject - "});
}

TEST_CASE("an unknown key is named, and the nearest one") {
    CHECK(read_json(R"({"patern":"a@b"})").faults ==
          Lines{"1 'patern': no such key; did you mean 'pattern'?"});
    CHECK(read_json("{\"pattern\":\"a@b\",\"color\":{\"a\":[1,{\"b\":2}]}}\n{\"pattern\":\"c@d\"}")
              .faults == Lines{"1 'color': no such key"});
    CHECK(read_json(R"({"pattern":"a@b","pattern":"c@d"})").faults ==
          Lines{"1 'pattern': the key stands there twice"});
    CHECK(read_json(R"({"dir":"in"})").faults == Lines{"1 no pattern"});
    CHECK(read_json(R"({})").faults == Lines{"1 no pattern"});
}

TEST_CASE("a value that is no text is refused") {
    CHECK(read_json(R"({"pattern":12})").faults == Lines{"1 'pattern': a number; write a text"});
    CHECK(read_json(R"({"pattern":"a@b","expires":true})").faults ==
          Lines{"1 'expires': true; write a text"});
    CHECK(read_json(R"({"pattern":{"pattern":"a@b"}})").faults ==
          Lines{"1 'pattern': an object; write a text"});
    CHECK(read_json(R"({"pattern":["a@b"]})").faults ==
          Lines{"1 'pattern': an array; write a text"});
}

TEST_CASE("behind a line that is no JSON the next object is read") {
    const auto read = read_json(
        "{\"pattern\":\"a@b\"}\nnonsense\n{\"pattern\":\"c@d\",}\n"
        "{\n \"pattern\": x\n}\n{\"pattern\":\"e@f\"}\n12\n");
    CHECK(read.rules == Lines{"1 email a@b both reject - ", "7 email e@f both reject - "});
    CHECK(read.faults == Lines{"2 no JSON object", "3 no JSON: syntax error",
                               "4 no JSON: syntax error", "8 no JSON object"});
    CHECK(read.error.empty());
}

TEST_CASE("behind what is no JSON in an array nothing is read, whatever is skipped") {
    const auto faults_of = [](const std::string& text) {
        const auto read = read_json(text);
        CHECK(read.error == "FILE: a bad line; nothing was changed");
        return read.faults;
    };
    CHECK(faults_of("[{\"pattern\":\"a@b\"},\n{\"pattern\":}]") ==
          Lines{"2 no JSON: syntax error"});
    CHECK(faults_of("[1]") == Lines{"1 no JSON object in the array"});
    CHECK(faults_of("[{\"pattern\":\"a@b\"},]") == Lines{"1 no JSON object in the array"});
    CHECK(faults_of("[{\"pattern\":\"a@b\"} {}]") ==
          Lines{"1 neither , nor ] behind an object of the array"});
    CHECK(faults_of("[{\"pattern\":\"a@b\"}\n") == Lines{"2 the file ends before the array does"});
    CHECK(faults_of("[]\n[]") == Lines{"2 text behind the end of the array"});
    CHECK(faults_of("{\"pattern\":\n") == Lines{"1 the file ends in the middle of an object"});
}

TEST_CASE("an object that is too long or too deep is a bad one, and costs no memory") {
    const auto read =
        read_json("{\"pattern\":\"" + std::string(3 * line_octets, 'x') + "\"}\n" +
                  "{\"pattern\":" + std::string(100000, '[') + "\n" + R"({"pattern":"a@b"})");
    CHECK(read.rules == Lines{"3 email a@b both reject - "});
    REQUIRE(read.faults.size() == 2);
    CHECK(read.faults[0] == "1 longer than 1048576 octets");
}

}  // namespace smtpblock
