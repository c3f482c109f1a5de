#include "daemon/smtp/xclient.h"

#include <catch2/catch.hpp>

namespace smtpblock::smtp {
namespace {

std::string bad_in(std::string_view argument) {
    std::string bad;
    CHECK_FALSE(Xclient::parse(argument, bad));
    return bad;
}

Xclient good(std::string_view argument) {
    std::string bad;
    const auto parsed = Xclient::parse(argument, bad);
    INFO(argument << ": " << bad);
    REQUIRE(parsed);
    return *parsed;
}

}  // namespace

TEST_CASE("XCLIENT names the client") {
    const Xclient said = good(
        "name=mx.example.net ADDR=192.0.2.7 PORT=40000 PROTO=SMTP HELO=a+2Bb "
        "DESTADDR=IPV6:2001:db8::1 DESTPORT=25");
    CHECK(**said.name == "mx.example.net");
    CHECK((*said.addr)->text() == "192.0.2.7");
    CHECK(**said.port == 40000);
    CHECK(**said.esmtp == false);
    CHECK(**said.helo == "a+b");
    CHECK((*said.destaddr)->text() == "2001:db8::1");
    CHECK(**said.destport == 25);
    const Xclient unknown = good("NAME=[UNAVAILABLE] ADDR=[unavailable] HELO=[TEMPUNAVAIL]");
    REQUIRE(unknown.name);
    CHECK_FALSE(*unknown.name);
    REQUIRE(unknown.addr);
    CHECK_FALSE(*unknown.addr);
    REQUIRE(unknown.helo);
    CHECK_FALSE(*unknown.helo);
    CHECK_FALSE(unknown.port);
    CHECK(**good("NAME=[TEMPUNAVAIL]").name == "[TEMPUNAVAIL]");
}

TEST_CASE("a bad XCLIENT attribute is named") {
    CHECK(bad_in("") == "XCLIENT");
    CHECK(bad_in("   ") == "XCLIENT");
    CHECK(bad_in("ADDR") == "ADDR");
    CHECK(bad_in("LOGIN=bob") == "LOGIN");
    CHECK(bad_in("FOO=1") == "FOO");
    for (const char* addr : {"", "192.0.2", "192.0.2.7.1", "2001:db8::1", "IPV6:192.0.2.7",
                             "[192.0.2.7]", "mx.example.net", "192.0.2.7+00"})
        CHECK(bad_in(std::string("ADDR=") + addr) == "ADDR");
    for (const char* port : {"", "65536", "-1", "1x", "+31+ZZ"})
        CHECK(bad_in(std::string("PORT=") + port) == "PORT");
    for (const char* helo : {"", "a+20b", "a+0Ab", "a+", "a+4", "+FF"})
        CHECK(bad_in(std::string("HELO=") + helo) == "HELO");
    CHECK(bad_in("PROTO=UUCP") == "PROTO");
    CHECK(bad_in("NAME=-x-.") == "NAME");
    CHECK(bad_in("ADDR=192.0.2.7 PORT=x HELO=y") == "PORT");
}

TEST_CASE("what an upstream is told fits in commands of 512 octets") {
    XclientIdentity identity;
    identity.addr = IpAddress::parse("2001:db8::7");
    identity.port = 1;
    identity.helo = "a=b+c d\x80";
    CHECK(xclient_commands(identity) ==
          std::vector<std::string>{"XCLIENT NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::7 PORT=1 "
                                   "PROTO=ESMTP HELO=a+3Db+2Bc+20d+80\r\n"});
    identity.esmtp = false;
    identity.name = "[TEMPUNAVAIL]";
    identity.helo.clear();
    identity.port.reset();
    CHECK(xclient_commands(identity) ==
          std::vector<std::string>{"XCLIENT NAME=[TEMPUNAVAIL] ADDR=IPV6:2001:db8::7 "
                                   "PORT=[UNAVAILABLE] PROTO=SMTP HELO=[UNAVAILABLE]\r\n"});
    identity.helo = std::string(450, 'h');
    const auto two = xclient_commands(identity);
    REQUIRE(two.size() == 2);
    CHECK(two[1] == "XCLIENT HELO=" + identity.helo + "\r\n");
    for (const std::string& command : two) CHECK(command.size() <= 512);
    identity.helo = std::string(510, 'h');
    CHECK(xclient_commands(identity).back().ends_with("HELO=[UNAVAILABLE]\r\n"));
}

TEST_CASE("what is told is understood") {
    XclientIdentity identity;
    identity.addr = IpAddress::parse("192.0.2.7");
    identity.port = 65535;
    identity.helo =
        "()[b\xc3\xbc"
        "cher]+=";
    identity.name = "mx.example.net";
    const auto commands = xclient_commands(identity);
    REQUIRE(commands.size() == 1);
    const Xclient said = good(std::string_view(commands[0]).substr(8, commands[0].size() - 10));
    CHECK(**said.helo == identity.helo);
    CHECK(**said.addr == *identity.addr);
    CHECK(**said.port == 65535);
    CHECK(**said.name == identity.name);
    CHECK(**said.esmtp);
}

}  // namespace smtpblock::smtp
