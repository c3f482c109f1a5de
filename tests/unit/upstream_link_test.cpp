#include "daemon/smtp/upstream_link.h"

#include <catch2/catch.hpp>
#include <string>

namespace smtpblock::smtp {
namespace {

std::string written(UpstreamLink& link) {
    const std::string bytes(link.output().pending());
    link.output().taken(bytes.size());
    return bytes;
}

UpstreamLink greeted(bool pipelining) {
    UpstreamLink link;
    link.connect();
    link.on_connected(false);
    link.settle();
    link.greet("EHLO a\r\n");
    CHECK(written(link) == "EHLO a\r\n");
    link.settle();
    Keywords keywords;
    keywords.pipelining = pipelining;
    link.on_greeted(keywords);
    return link;
}

}  // namespace

TEST_CASE("commands go out together to an upstream with PIPELINING") {
    UpstreamLink link = greeted(true);
    link.send("MAIL\r\n", {.due = Due::mail});
    link.send("RCPT\r\n", {.due = Due::rcpt});
    CHECK(written(link) == "MAIL\r\nRCPT\r\n");
    CHECK(link.settle()->due == Due::mail);
    CHECK(link.settle()->due == Due::rcpt);
    CHECK_FALSE(link.settle());
}

TEST_CASE("an upstream without PIPELINING gets a command when it has answered the one before") {
    UpstreamLink link = greeted(false);
    link.send("MAIL\r\n", {.due = Due::mail});
    link.send("RCPT\r\n", {.due = Due::rcpt});
    CHECK(written(link) == "MAIL\r\n");
    link.settle();
    CHECK(written(link) == "RCPT\r\n");
}

TEST_CASE("a closed link returns what is due and writes nothing more") {
    UpstreamLink link = greeted(false);
    link.send("MAIL\r\n", {.due = Due::mail});
    link.send("RCPT\r\n", {.due = Due::rcpt, .place = 7});
    const auto never = link.close();
    REQUIRE(never.size() == 2);
    CHECK(never[1].place == 7);
    CHECK(link.output().empty());
    CHECK(link.quiet());
    CHECK(link.state() == UpstreamLink::State::closing);
}

TEST_CASE("without a greeting of the client the link is ready behind the banner") {
    UpstreamLink link;
    link.connect();
    link.on_connected(false);
    CHECK(link.next_due() == Due::banner);
    link.settle();
    link.greet("");
    CHECK(link.ready());
}

TEST_CASE("behind STARTTLS nothing of before is known") {
    UpstreamLink link;
    link.connect();
    link.on_connected(false);
    link.output().taken(0);
    std::string_view banner = "220 mx\r\n";
    CHECK(link.take(banner) == ReplyParser::State::complete);
    link.reply();
    CHECK(link.settle()->due == Due::banner);
    link.send("STARTTLS\r\n", {.due = Due::starttls});
    link.output().taken(link.output().size());
    std::string_view answer = "220 go\r\n250 half a re";
    CHECK(link.take(answer) == ReplyParser::State::complete);
    link.reply();
    CHECK(link.settle()->due == Due::starttls);
    link.take(answer);
    link.secure();
    CHECK(link.state() == UpstreamLink::State::securing);
    CHECK_FALSE(link.talking());
    CHECK(link.connected());
    link.on_tls(false);
    CHECK(link.secured());
    link.greet("EHLO a\r\n");
    link.output().taken(link.output().size());
    std::string_view greeting = "250 DSN\r\n";
    CHECK(link.take(greeting) == ReplyParser::State::complete);
    CHECK(link.reply().wire == "250 DSN\r\n");
    CHECK(link.settle()->due == Due::hello);
}

TEST_CASE("a connection with implicit TLS awaits no banner before the handshake") {
    UpstreamLink link;
    link.connect();
    link.on_connected(true);
    CHECK(link.state() == UpstreamLink::State::securing);
    CHECK(link.quiet());
    link.on_tls(true);
    CHECK(link.next_due() == Due::banner);
    link.close();
    link.on_closed();
    link.connect();
    link.on_connected(false);
    CHECK_FALSE(link.secured());
}

}  // namespace smtpblock::smtp
