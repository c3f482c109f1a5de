#include "cli/rule_file_csv.h"

#include <catch2/catch.hpp>

#include "unit/rule_file_support.h"

namespace smtpblock {
namespace {

test::ReadFile read_csv(std::string_view text) {
    return test::read_rules(RuleFormat::csv, text);
}

}  // namespace

using test::Lines;

TEST_CASE("a header names the columns in any order, in any case") {
    CHECK(read_csv("Description,PATTERN,type\nwhy,x.example,ehlo\n").rules ==
          Lines{"2 ehlo x.example both reject - why"});
    CHECK(read_csv("pattern\na@b\n").rules == Lines{"2 email a@b both reject - "});
    CHECK(read_csv("\"pattern\" , \"dir\"\na@b,in\n").rules == Lines{"2 email a@b in reject - "});
}

TEST_CASE("without a header the columns have the order that export writes") {
    CHECK(read_csv("email,a@b,in,defer,2026-12-01T17:00:00Z,why\nehlo,pattern\n").rules ==
          Lines{"1 email a@b in defer 2026-12-01T17:00:00Z why", "2 ehlo pattern both reject - "});
}

TEST_CASE("a header that cannot be understood ends the reading, whatever is skipped") {
    auto read = read_csv("pattern,comment\na@b,x\n");
    CHECK(read.faults == Lines{"1 'comment': no such column; the columns are type, pattern, dir, "
                               "action, expires, description"});
    CHECK(read.error == "FILE: a bad line; nothing was changed");
    CHECK(read.rules.empty());
    CHECK(read_csv("patern,type\n")
              .faults.front()
              .starts_with("1 'patern': no such column; did you mean 'pattern'?"));
    CHECK(read_csv("pattern,Pattern\n").faults ==
          Lines{"1 'Pattern': the column stands there twice"});
    CHECK(read_csv("dir,type\n").faults == Lines{"1 no column is called pattern"});
}

TEST_CASE("quotes hold commas, newlines and quotes") {
    CHECK(read_csv("email,\"a@b\",in,,,\"x, \"\"y\"\"\r\nz\"\r\nemail,c@d\r\n").rules ==
          Lines{"1 email a@b in reject - x, \"y\"\r\nz", "3 email c@d both reject - "});
    CHECK(read_csv("pattern\n\"\"\"a b\"\"@example.com\"\n").rules ==
          Lines{"2 email \"a b\"@example.com both reject - "});
    CHECK(read_csv("type,pattern\nehlo,\"\"\nehlo,\"\"\"\"\"\"\n").rules ==
          Lines{"2 ehlo \"\" both reject - ", "3 ehlo \"\" both reject - "});
    CHECK(read_csv("pattern,description\n a@b ,\" x \" \n").rules ==
          Lines{"2 email a@b both reject -  x "});
}

TEST_CASE("bad quotes are told, and cost no line but their own") {
    CHECK(read_csv("pattern,description\na@b,x\"y\nc@d,\"x\"y\n\"e\" \"f\"\ng@h,\n").faults ==
          Lines{"2 a quote in the middle of a field; put the whole in quotes",
                "3 text behind a closing quote; a quote in a field is written twice",
                "4 text behind a closing quote; a quote in a field is written twice"});
    auto read = read_csv("pattern\na@b\n\"c@d\ne@f\n");
    CHECK(read.rules == Lines{"2 email a@b both reject - "});
    CHECK(read.faults == Lines{"3 a quote is opened here and never closed"});
    read = read_csv("pattern\n\"" + std::string(line_octets - 2, 'x') + "\nyyyy\nc@d\n");
    CHECK(read.rules == Lines{"4 email c@d both reject - "});
    CHECK(read.faults == Lines{"2 longer than 1048576 octets; is a quote not closed?"});
}

TEST_CASE("fields that are too many or too few are told") {
    CHECK(read_csv("pattern,dir\na@b,in,x\n").faults ==
          Lines{"2 3 fields for 2 columns; a field with a comma stands in quotes"});
    CHECK(read_csv("a@b\n").faults ==
          Lines{"1 no pattern; without a header line the columns are type, pattern, dir, action, "
                "expires, description"});
    CHECK(read_csv("dir,pattern\nin\n").faults.size() == 1);
    CHECK(read_csv("type,pattern\nemail,\n").faults ==
          Lines{"2 '': an empty email pattern; write <> for the null sender"});
}

TEST_CASE("blank lines are skipped, an empty file has no rules") {
    CHECK(read_csv("\n  \npattern\n\r\na@b\n\n").rules == Lines{"5 email a@b both reject - "});
    CHECK(read_csv("").rules.empty());
    CHECK(read_csv("pattern\n").rules.empty());
}

}  // namespace smtpblock
