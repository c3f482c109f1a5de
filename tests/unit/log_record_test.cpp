#include "daemon/guard/log_record.h"

#include <catch2/catch.hpp>
#include <string>

namespace smtpblock::guard {
namespace {

std::string value(std::string_view text) {
    LogRecord record("x");
    record.add("k", text);
    return std::string(record.line().substr(std::string_view("x k=").size()));
}

}  // namespace

TEST_CASE("keys stand in the order in which they were added") {
    LogRecord record("block");
    record.add("session", "7f3a")
        .add("rule", 17)
        .add_known("also", "")
        .add_path("from", "a@b.example");
    CHECK(record.line() == "block session=7f3a rule=17 from=<a@b.example>");
}

TEST_CASE("a value that would break the line apart is quoted") {
    CHECK(value("mail.example.com") == "mail.example.com");
    CHECK(value("") == "\"\"");
    CHECK(value("a b") == "\"a b\"");
    CHECK(value("a=b") == "\"a=b\"");
    CHECK(value("say \"x\"") == "\"say \\\"x\\\"\"");
    LogRecord record("x");
    record.add_path("from", "\"a b\"@c.example").add_path("to", "");
    CHECK(record.line() == "x from=\"<\\\"a b\\\"@c.example>\" to=<>");
}

TEST_CASE("what came from the network cannot forge a line or move a cursor") {
    CHECK(value("a\nblock rule=1") == "\"a\\x0ablock rule=1\"");
    CHECK(value("\x1b[2J") == "\\x1b[2J");
    CHECK(value("\xff") == "\\xff");
    CHECK(value("b\xc3\xbc"
                "cher") ==
          "b\xc3\xbc"
          "cher");
    CHECK(value("a\\b") == "a\\\\b");
    CHECK(value("\xe2\x80\xae") == "\\xe2\\x80\\xae");
}

TEST_CASE("a very long value is cut, and shows it") {
    const std::string shown = value(std::string(100000, 'a'));
    CHECK(shown == std::string(512, 'a') + "...");
}

}  // namespace smtpblock::guard
