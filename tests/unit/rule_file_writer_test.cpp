// What export writes import reads: the same rules, whatever stands in them.
#include "cli/rule_file_writer.h"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>
#include <tuple>

#include "unit/data_lines.h"
#include "unit/rule_file_support.h"
#include "unit/temporary_directory.h"
#include "unit/words.h"

namespace smtpblock {
namespace {

using test::noon;

/// Every good pattern of the table: all kinds, in all their odd spellings.
const std::vector<Pattern>& good_patterns() {
    static const auto patterns = [] {
        std::vector<Pattern> good;
        for (const DataLine& line : data_lines("patterns.good"))
            good.push_back(*Pattern::parse(*rule_type_of(line.fields[0]), line.fields[1]));
        return good;
    }();
    return patterns;
}

/// What a description may be made of, and what formats may stumble over.
const std::vector<std::string> pieces{
    "\"",           "\"\"",    "'",           ",",  "\n",       "\r",
    "\r\n",         "\t",      " ",           "\\", "\\n",      "/",
    "\x01",         "\x1b",    "\x7f",        "#",  "x",        "{\"pattern\":",
    "},",           "]",       "ü",           "😀",  "\xc2\x85", "\xe2\x80\xae",
    "\xef\xbb\xbf", "\\u0000", "\xef\xbf\xbf"};

rc::Gen<std::string> description() {
    return test::words(pieces);
}

Rule rule_of(const Pattern& pattern) {
    return {1, pattern, Direction::both, Action::reject, "", "", noon, noon, std::nullopt};
}

Rule rule_of(RuleType type, std::string_view pattern) {
    return rule_of(*Pattern::parse(type, pattern));
}

Rule some_rule() {
    Rule rule = rule_of(*rc::gen::elementOf(good_patterns()));
    rule.direction = *rc::gen::element(Direction::in, Direction::out, Direction::both);
    rule.action = *rc::gen::element(Action::reject, Action::defer, Action::allow, Action::log);
    rule.description = *description();
    rule.by = *description();
    if (*rc::gen::arbitrary<bool>())
        rule.expires = noon + std::chrono::seconds(*rc::gen::inRange<std::int64_t>(1, 1LL << 37));
    return rule;
}

/// All that makes a rule, but for what import gives anew.
auto settings(const Pattern& pattern, Direction direction, Action action,
              const std::string& description, const std::optional<Time>& expires) {
    return std::tuple(pattern.type(), pattern.text(), direction, action, description, expires);
}

void comes_back(RuleFormat format, const std::vector<Rule>& rules) {
    const test::TemporaryDirectory directory;
    RuleFileWriter writer(format);
    std::string text = writer.header();
    for (const Rule& rule : rules) text += writer.line(rule);
    auto input = InputFile::open(directory.write("rules", text));
    RC_ASSERT(input.has_value());
    RuleFileOptions options;
    options.now = noon;
    options.may_match_everything = true;  // as import --yes, since any rule may be in a store
    options.tell = [](std::uint64_t, const std::string& why) { RC_FAIL(why); };
    const auto file = RuleFile::open(
        format, [&](char* into, std::size_t room) { return input->read(into, room); }, options);
    for (const Rule& rule : rules) {
        const auto fed = file->next();
        RC_ASSERT(fed.has_value());
        RC_ASSERT(fed->has_value());
        const NewRule& read = (*fed)->rule;
        RC_ASSERT(
            settings(read.pattern, read.direction, read.action, read.description, read.expires) ==
            settings(rule.pattern, rule.direction, rule.action, rule.description, rule.expires));
    }
    const auto end = file->next();
    RC_ASSERT(end.has_value() && !end->has_value());
}

std::vector<Rule> some_rules() {
    std::vector<Rule> rules;
    for (int left = *rc::gen::inRange(0, 8); left > 0; --left) rules.push_back(some_rule());
    return rules;
}

}  // namespace

TEST_CASE("rules come back from json and csv as they were") {
    rc::prop("from json", [] { comes_back(RuleFormat::json, some_rules()); });
    rc::prop("from csv", [] { comes_back(RuleFormat::csv, some_rules()); });
}

TEST_CASE("csv is what a spreadsheet reads") {
    RuleFileWriter writer(RuleFormat::csv);
    CHECK(writer.header() == "type,pattern,dir,action,expires,description\n");
    Rule rule = rule_of(RuleType::email, "\"a b\"@example.com");
    rule.expires = noon;
    rule.description = "x, y ";
    CHECK(writer.line(rule) ==
          "email,\"\"\"a b\"\"@example.com\",both,reject,2023-11-14T22:13:20Z,\"x, y \"\n");
    CHECK(writer.line(rule_of(RuleType::ehlo, "x")) == "ehlo,x,both,reject,,\n");
    CHECK(writer.notes().empty());
}

TEST_CASE("text carries patterns, and says what it cannot carry") {
    RuleFileWriter writer(RuleFormat::text);
    CHECK(writer.header().empty());
    CHECK(writer.line(rule_of(RuleType::email, "a@b")) == "a@b\n");
    CHECK(writer.notes().empty());
    CHECK(writer.line(rule_of(RuleType::ehlo, "#bot")).empty());
    Rule rule = rule_of(RuleType::ehlo, "x");
    rule.direction = Direction::in;
    rule.action = Action::defer;
    rule.description = "why";
    rule.expires = noon;
    CHECK(writer.line(rule) == "x\n");
    CHECK(writer.line(rule_of(RuleType::ehlo, "a@b")) == "a@b\n");
    CHECK(writer.notes() ==
          test::Lines{"1 pattern reads as a comment and was left out", "import it with --type ehlo",
                      "text carries patterns alone; lost: 1 direction, 1 action, 1 end, 1 "
                      "description; json and csv keep them"});
    CHECK(writer.line(rule_of(RuleType::email, "b")) == "b\n");
    CHECK(writer.notes()[1] ==
          "text does not tell domains from EHLO names; export --type one by one");
}

}  // namespace smtpblock
