#include "daemon/smtp/command.h"

#include <catch2/catch.hpp>
#include <string>

namespace smtpblock::smtp {
namespace {

using namespace std::string_literals;
using Fault = PathArgument::Fault;

PathArgument from(std::string_view argument) {
    return PathArgument::parse(argument, "FROM:");
}
std::string sender(std::string_view argument) {
    const auto parsed = from(argument);
    return parsed.fault == Fault::none ? parsed.path.address.text() : "fault";
}

}  // namespace

TEST_CASE("a verb is known in any case and parted from its argument") {
    CHECK(Command::parse("rCpT  TO:<a@b> ").verb == Verb::rcpt);
    CHECK(Command::parse("rCpT  TO:<a@b> ").argument == "TO:<a@b>");
    CHECK(Command::parse("DATA").argument.empty());
    CHECK(Command::parse("").verb == Verb::unknown);
    CHECK(Command::parse("RCPTTO:<a@b>").verb == Verb::unknown);
    CHECK(Command::parse("ETRN x").verb == Verb::not_implemented);
    CHECK(Command::parse("BDAT 10 LAST").verb == Verb::bdat);
}

TEST_CASE("another protocol's line is no SMTP") {
    for (const char* line : {"GET / HTTP/1.1", "POST /", "CONNECT a:25", "PROXY TCP4 a b", "\tNOOP",
                             ".", "\x16\x03\x01", " EHLO a", "250 ok"})
        CHECK(Command::parse(line).verb == Verb::not_smtp);
}

TEST_CASE("one address has many spellings and one canonical form") {
    for (const char* argument :
         {"FROM:<Bad@Example.com>", "from:<bad@example.com>", "FROM: <bad@example.com>",
          "FROM:\t<bad@example.com>", "FROM:bad@example.com", "FROM:<\"bad\"@example.com>",
          "FROM:<\"b\\ad\"@example.com>", "FROM:<bad@example.com.>",
          "FROM:<@relay.example:bad@example.com>", "FROM:<@a.example,@b.example:bad@example.com>",
          "FROM:<bad@EXAMPLE.COM> SIZE=1"}) {
        INFO(argument);
        CHECK(sender(argument) == "bad@example.com");
    }
    CHECK(sender("FROM:<a@[IPv6:2001:DB8:0::1]>") == "a@[IPv6:2001:db8::1]");
    CHECK(sender("FROM:<\"a b\"@example.com>") == "\"a b\"@example.com");
    CHECK(sender("FROM:<\"a>b\"@example.com>") == "\"a>b\"@example.com");
    CHECK(sender("FROM:<postmaster>") == "postmaster");
}

TEST_CASE("the null path is no fault") {
    CHECK(from("FROM:<>").fault == Fault::none);
    CHECK(from("FROM:<>").path.null());
}

TEST_CASE("what cannot be parsed has the fault that it has") {
    for (const char* argument :
         {"", "FROM", "FROM:", "FROM:<a@b", "TO:<a@b>", "FROM:<a@b>x", "FROM:<\"a@b>"})
        CHECK(from(argument).fault == Fault::syntax);
    for (const char* argument :
         {"FROM:<a@b@c>", "FROM:<a b@c>", "FROM:<@c>", "FROM:<a@>", "FROM:<a@b..c>", "FROM:<a@.b>",
          "FROM:<a@[1.2.3]>", "FROM:<a@b c>", "FROM:<@r:>", "FROM:<@r>", "FROM:<a@b,c@d>",
          "FROM:<<a@b>>", "FROM:<\"a\"b@c>", "FROM:<a@[1.2.3.4>"}) {
        INFO(argument);
        CHECK(from(argument).fault != Fault::none);
    }
    CHECK(from("FROM:<\xff@example.com>").fault == Fault::address);
}

TEST_CASE("a path that is no ASCII is one, but needs SMTPUTF8") {
    const auto parsed = from("FROM:<b\xc3\xbc@b\xc3\xbc.example>");
    CHECK(parsed.fault == Fault::none);
    CHECK(parsed.eight_bit);
    CHECK(parsed.path.address.domain == "xn--b-eha.example");
    CHECK_FALSE(from("FROM:<a@b.example>").eight_bit);
}

TEST_CASE("a domain that no name in the DNS can be makes no address") {
    const std::string label(63, 'd');
    for (const std::string& domain :
         {label + "d.example", "-a.example"s, "a-.example"s, "1.2"s, "192.0.2.7"s, "12"s,
          label + "." + label + "." + label + "." + label}) {
        INFO(domain);
        CHECK(from("FROM:<bob@" + domain + ">").fault == Fault::address);
    }
    for (const std::string& domain : {label + ".example", "a--b.example"s, "a_b.example"s,
                                      "1.example"s, "12."s + "a"s, "[192.0.2.7]"s, "localhost"s}) {
        INFO(domain);
        CHECK(from("FROM:<bob@" + domain + ">").fault == Fault::none);
    }
}

TEST_CASE("in a reply a quoted local part is what it means") {
    const auto in_replies = [](std::string_view argument) {
        return from(argument).path.in_replies();
    };
    CHECK(in_replies("FROM:<@relay.example:Bad@Example.com>") == "Bad@Example.com");
    CHECK(in_replies(R"(FROM:<"bob"@b.example>)") == "bob@b.example");
    CHECK(in_replies(R"(FROM:<"B b\"\o@"@b.example>)") == "B b\"o@@b.example");
    CHECK(in_replies(R"(FROM:<""@b.example>)") == "@b.example");
    CHECK(in_replies(R"(FROM:<"bob">)") == "bob");
}

TEST_CASE("a path is kept as it was typed, for the log and the upstream") {
    const auto parsed = from("FROM:<@relay.example:Bad@Example.com> BODY=8BITMIME  SIZE=10");
    CHECK(parsed.path.typed == "@relay.example:Bad@Example.com");
    CHECK(parsed.path.mailbox == "Bad@Example.com");
    REQUIRE(parsed.parameters.size() == 2);
    CHECK(parsed.parameters[0] == "BODY=8BITMIME");
    CHECK(parsed.parameters[1] == "SIZE=10");
}

TEST_CASE("BDAT has a size of 1 to 20 digits, and LAST or nothing behind it") {
    const auto parsed = [](std::string_view argument) { return ChunkArgument::parse(argument); };
    CHECK(parsed("0")->octets == 0);
    CHECK_FALSE(parsed("0")->last);
    CHECK(parsed("100 LAST")->octets == 100);
    CHECK(parsed("100 \t lAsT")->last);
    CHECK(parsed("00000000000000000042")->octets == 42);
    CHECK(parsed("9223372036854775808")->octets == ChunkArgument::most_octets);
    for (const auto* too_large :
         {"9223372036854775809", "18446744073709551616", "99999999999999999999 LAST"})
        CHECK(parsed(too_large)->octets == ChunkArgument::most_octets + 1);
    for (const auto* none : {"", "LAST", "1 FIRST", "1 LAST LAST", "1LAST", "+1", "-1", "0x1",
                             "1.0", "000000000000000000001", "1,", "\xd9\xa1"})
        CHECK_FALSE(parsed(none));
}

}  // namespace smtpblock::smtp
