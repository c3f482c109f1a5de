// What all formats have in common, and text, which has little else.
#include "cli/rule_file.h"

#include <catch2/catch.hpp>

#include "unit/rule_file_support.h"

namespace smtpblock {

using test::Lines;
using test::noon;
using test::read_rules;

TEST_CASE("text has one pattern a line, and comments") {
    const auto read = read_rules(RuleFormat::text,
                                 "# a list\n\n  a@example.com  \r\nb@example.com # ticket 4711\n"
                                 "\t# more\n\"c #1\"@example.com\n<>\nd@example.com#x");
    CHECK(read.rules ==
          Lines{"3 email a@example.com both reject - ", "4 email b@example.com both reject - ",
                "6 email \"c #1\"@example.com both reject - ", "7 email <> both reject - "});
    CHECK(read.faults.size() == 1);  // no domain has a #
}

TEST_CASE("what a file does not say the options say") {
    const RuleDefaults defaults{RuleType::ehlo, Direction::in, Action::defer,
                                noon + std::chrono::hours(1), "why"};
    CHECK(read_rules(RuleFormat::text, "a@b\n", defaults).rules ==
          Lines{"1 ehlo a@b in defer 2023-11-14T23:13:20Z why"});
    CHECK(read_rules(RuleFormat::csv, "pattern,dir\na@b,out\nc,\n", defaults).rules ==
          Lines{"2 ehlo a@b out defer 2023-11-14T23:13:20Z why",
                "3 ehlo c in defer 2023-11-14T23:13:20Z why"});
    CHECK(read_rules(RuleFormat::json, R"({"pattern":"a@b","description":"","type":"email"})",
                     defaults)
              .rules == Lines{"1 email a@b in defer 2023-11-14T23:13:20Z "});
}

TEST_CASE("every bad line is told of, and then nothing is read") {
    const std::string text = "a@example.com\nx..com\nb@example.com\nexample.com\n";
    auto read = read_rules(RuleFormat::text, text, {}, OnBadLine::fail);
    CHECK(read.rules == Lines{"1 email a@example.com both reject - "});
    CHECK(read.faults ==
          Lines{"2 'x..com': a domain or an EHLO name; add --type email or --type ehlo",
                "4 'example.com': a domain or an EHLO name; add --type email or --type ehlo"});
    CHECK(read.error == "FILE: 2 bad lines; nothing was changed; mend them");
    CHECK(read_rules(RuleFormat::text, "x..com\n", {RuleType::email}, OnBadLine::fail).error ==
          "FILE: a bad line; nothing was changed; mend them");

    read = read_rules(RuleFormat::text, text, {RuleType::email}, OnBadLine::skip);
    CHECK(read.rules.size() == 3);
    CHECK(read.faults.size() == 1);
    CHECK(read.error.empty());
}

TEST_CASE("rules that have run out are left out, not refused") {
    const auto read = read_rules(RuleFormat::csv,
                                 "pattern,expires\na@b,2023-11-14T22:13:20Z\n"
                                 "c@d,2023-11-14T22:13:21Z\ne@f,1970-01-01\n");
    CHECK(read.rules == Lines{"3 email c@d both reject 2023-11-14T22:13:21Z "});
    CHECK(read.faults.empty());
    CHECK(read.notes == Lines{"2 rules that have run out were left out"});
}

TEST_CASE("words, times and descriptions are held to what options are held to") {
    const auto read = read_rules(RuleFormat::csv,
                                 "pattern,type,dir,action,expires,description\n"
                                 "a@b,post,,,,\na@b,,up,,,\na@b,,,drop,,\na@b,,,,soon,\n"
                                 "a@b,,,,,\xff\n");
    CHECK(read.rules.empty());
    CHECK(read.faults == Lines{"2 'post': no type; write email or ehlo",
                               "3 'up': no direction; write in, out or both",
                               "4 'drop': no action; write reject, defer, allow or log",
                               "5 'soon': no time; write 2026-12-01, '2026-12-01 18:00', 18:00 or "
                               "2026-12-01T17:00:00Z",
                               "6 '\\xff': the description is no text in UTF-8"});
    CHECK(
        read_rules(RuleFormat::csv, "pattern,description\na@b," + std::string(65537, 'x')).faults ==
        Lines{"2 a description of 65537 octets; the most is 65536"});
}

TEST_CASE("a mark of UTF-8, lines of DOS, and a last line without its end are taken") {
    for (const std::size_t piece : {1UL, 2UL, 100UL}) {
        const auto text = read_rules(RuleFormat::text,
                                     "\xef\xbb\xbf"
                                     "a@b\r\nc@d",
                                     {}, OnBadLine::skip, piece);
        CHECK(text.rules.size() == 2);
        const auto csv = read_rules(RuleFormat::csv,
                                    "\xef\xbb\xbf"
                                    "pattern\r\na@b\r\nc@d",
                                    {}, OnBadLine::skip, piece);
        CHECK(csv.rules.size() == 2);
        const auto json = read_rules(RuleFormat::json,
                                     "\xef\xbb\xbf"
                                     "{\"pattern\":\"a@b\"}\r\n{\"pattern\":\"c@d\"}",
                                     {}, OnBadLine::skip, piece);
        CHECK(json.rules.size() == 2);
    }
}

TEST_CASE("no line is too long, and none is kept that is") {
    const std::string at_most(line_octets, 'x');
    const std::string text =
        at_most + "\na@b\n" + at_most + "y\nc@d\n" + std::string(3 * line_octets, 'z');
    for (const std::size_t piece : {100000UL, 1UL << 20U}) {
        const auto read = read_rules(RuleFormat::text, text, {}, OnBadLine::skip, piece);
        CHECK(read.rules == Lines{"2 email a@b both reject - ", "4 email c@d both reject - "});
        REQUIRE(read.faults.size() == 3);
        CHECK(read.faults[1] == "3 longer than 1048576 octets");
        CHECK(read.faults[2] == "5 longer than 1048576 octets");
    }
}

TEST_CASE("a NUL octet is a bad line in every format") {
    const std::string zero(1, '\0');
    const std::string fault = " a NUL octet: this is no text file";
    CHECK(read_rules(RuleFormat::text, "a" + zero + "@b\nc@d\n").faults == Lines{"1" + fault});
    CHECK(read_rules(RuleFormat::csv, "pattern\na@b\n\"c" + zero + "\"\n").faults ==
          Lines{"3" + fault});
    CHECK(read_rules(RuleFormat::postfix, "a@b OK\nc@d OK " + zero + "\n").faults ==
          Lines{"2" + fault});
    CHECK(read_rules(RuleFormat::json, "{\"pattern\":\"a" + zero + "\"}").faults.size() == 1);
    CHECK(read_rules(RuleFormat::json, R"({"pattern":"a@b","description":"\u0000"})").faults ==
          Lines{"1 '\\x00': the description is no text in UTF-8"});
}

TEST_CASE("a format is known by its word and by the file's name") {
    CHECK(rule_format_of("json") == RuleFormat::json);
    CHECK(rule_format_of("postfix") == RuleFormat::postfix);
    CHECK_FALSE(rule_format_of("xml"));
    CHECK(rule_format_of_name("/a.csv/b.Json") == RuleFormat::json);
    CHECK(rule_format_of_name("x.jsonl") == RuleFormat::json);
    CHECK(rule_format_of_name("x.csv") == RuleFormat::csv);
    CHECK(rule_format_of_name("x.txt") == RuleFormat::text);
    CHECK_FALSE(rule_format_of_name("/etc/postfix/access"));
    CHECK_FALSE(rule_format_of_name("csv"));
}

TEST_CASE("a file that cannot be read is named") {
    const auto absent = InputFile::open("/nowhere/x.csv");
    REQUIRE_FALSE(absent);
    CHECK(absent.error().code == ErrorCode::failed);
    CHECK(absent.error().message == "'/nowhere/x.csv': cannot read: No such file or directory");
    auto directory = InputFile::open("/");
    REQUIRE(directory);
    char octet{};
    const auto read = directory->read(&octet, 1);
    REQUIRE_FALSE(read);
    CHECK(read.error().message == "'/': cannot read: Is a directory");
}

}  // namespace smtpblock
