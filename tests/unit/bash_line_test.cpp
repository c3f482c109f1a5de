#include "cli/bash_line.h"

#include <catch2/catch.hpp>

using namespace smtpblock;

namespace {

using Words = std::vector<std::string>;

constexpr std::string_view breaks = " \t\n\"'@><=;|&(:";

BashLine read(std::string_view line) {
    return read_bash_line(line, breaks);
}

}  // namespace

TEST_CASE("a line is cut into words as bash cuts it, without their quotes") {
    CHECK(read("smtpblock ").words == Words{"smtpblock", ""});
    CHECK(read("smtpblock  add\tx").words == Words{"smtpblock", "add", "x"});
    CHECK(read("a \\[192.0.2.7\\] b").words == Words{"a", "[192.0.2.7]", "b"});
    CHECK(read("a 'b c'\"d e\"f g").words == Words{"a", "b cd ef", "g"});
    CHECK(read("a \"\\$\\`\\\"\\\\\\x\" ").words == Words{"a", "$`\"\\\\x", ""});
    CHECK(read("a 'b\\' c").words == Words{"a", "b\\", "c"});
    CHECK(read("a '' \"\" b").words == Words{"a", "", "", "b"});
    CHECK(read("a b\\ c d\\").words == Words{"a", "b c", "d"});
    CHECK(read("").words == Words{""});
}

TEST_CASE("a quote that is open at the cursor is known") {
    CHECK(read("a 'b c").words == Words{"a", "b c"});
    CHECK(read("a 'b c").quote == '\'');
    CHECK(read("a \"b").quote == '"');
    CHECK(read("a 'b'").quote == '\0');
    CHECK(read("a b'c").before == "b");
}

TEST_CASE("what bash takes for typed already ends at the last break of the word") {
    CHECK(read("a user").before.empty());
    CHECK(read("a user@exa").before == "user");  // the @ itself comes again
    CHECK(read("a \\[IPv6:2001:db").before == "[IPv6:2001:");
    CHECK(read("a \\[IPv6\\:2001").before.empty());
    CHECK(read("a --dir=").before == "--dir=");
    CHECK(read("a '[IPv6:20").before.empty());
    CHECK(read("a 'x'y").before == "x");
    CHECK(read("a:b c").before.empty());
    CHECK(read_bash_line("a user@exa", " \t\n").before.empty());
}

TEST_CASE("a redirection is no word of the command's") {
    CHECK(read("a - < names").is_file);
    CHECK(read("a - < names").words == Words{"a", "-", "names"});
    CHECK(read("a - <names b").words == Words{"a", "-", "b"});
    CHECK_FALSE(read("a - <names b").is_file);
    CHECK(read("a '<' b").words == Words{"a", "<", "b"});
}

TEST_CASE("what is quoted means itself") {
    CHECK(quoted_for_bash("user@example.com", '\0') == "user@example.com");
    CHECK(quoted_for_bash("[IPv6:2001:db8::1]", '\0') == "\\[IPv6:2001:db8::1\\]");
    CHECK(quoted_for_bash("$(x)", '\0') == "\\$\\(x\\)");
    CHECK(quoted_for_bash("~b\u00fc{a,b}", '\0') == "\\~b\u00fc\\{a,b\\}");
    CHECK(quoted_for_bash("it's $x", '\'') == "it'\\''s $x");
    CHECK(quoted_for_bash("a\"$x`\\*", '"') == "a\\\"\\$x\\`\\\\*");
    for (const char* text : {"<>", "\"a b\"@x", "*.example", "a\\*b", "#x", "!x", ";|&", "\"\""}) {
        CAPTURE(text);
        CHECK(read(quoted_for_bash(text, '\0')).words == Words{text});
        CHECK(read("'" + quoted_for_bash(text, '\'') + "'").words == Words{text});
        CHECK(read("\"" + quoted_for_bash(text, '"') + "\"").words == Words{text});
    }
}
