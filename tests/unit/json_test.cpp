#include "cli/json.h"

#include <catch2/catch.hpp>

#include "common/text.h"

using namespace smtpblock;

TEST_CASE("a JSON string escapes what JSON and a terminal must not see") {
    CHECK(json_string("a \"b\" \\") == R"("a \"b\" \\")");
    CHECK(json_string("tab\tnewline\n") == R"("tab\tnewline\n")");
    CHECK(json_string("\x1b[31m\x7f") == R"("\u001b[31m\u007f")");
    CHECK(json_string(std::string_view("\0", 1)) == R"("\u0000")");
    CHECK(json_string("b\u00fccher") == "\"b\u00fccher\"");
    CHECK(json_string("\u009b\u202e\ufeff") == R"("\u009b\u202e\ufeff")");
    CHECK(json_string("\U0001f600") == "\"\U0001f600\"");
}

TEST_CASE("JSON is valid UTF-8 whatever it is given") {
    CHECK(json_string("\xff\xfe") == R"("\\xff\\xfe")");
    for (unsigned a = 0; a < 256; ++a)
        for (unsigned b = 0; b < 256; b += 5)
            CHECK(is_utf8(json_string(std::string{static_cast<char>(a), static_cast<char>(b)})));
}

TEST_CASE("an object has its members in the order they were added") {
    JsonObject inner;
    inner.number("pid", 812);
    JsonObject json;
    json.string("store", "/s").number("big", 18446744073709551615U).boolean("yes", true);
    json.objects("daemons", {inner, inner}).objects("none", {});
    CHECK(json.text() == R"({"store":"/s","big":18446744073709551615,"yes":true,)"
                         R"("daemons":[{"pid":812},{"pid":812}],"none":[]})");
    CHECK(JsonObject().text() == "{}");
}
