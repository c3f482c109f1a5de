#include "common/endpoint.h"

#include <catch2/catch.hpp>

namespace smtpblock {

TEST_CASE("an endpoint is read back as it is shown") {
    for (const char* written : {"127.0.0.1:25", "[::1]:2525", "0.0.0.0:0"}) {
        const auto endpoint = Endpoint::parse(written);
        REQUIRE(endpoint);
        CHECK(endpoint->text() == written);
    }
    CHECK(Endpoint::parse("[0:0::1]:25")->text() == "[::1]:25");
}

TEST_CASE("an upstream is a server, or a Maildir") {
    CHECK(UpstreamAddress::parse("127.0.0.1:10025")->text() == "smtp://127.0.0.1:10025");
    CHECK(UpstreamAddress::parse("smtp://mx.example.org:25")->host == "mx.example.org");
    CHECK(UpstreamAddress::parse("smtp://[::1]:25")->host == "::1");
    const auto smtps = UpstreamAddress::parse("smtps://mx.example.org:465");
    REQUIRE(smtps);
    CHECK(smtps->implicit_tls);
    CHECK(smtps->text() == "smtps://mx.example.org:465");
    const auto socket = UpstreamAddress::parse("smtp+unix:/run/smtp");
    REQUIRE(socket);
    CHECK(socket->kind == UpstreamAddress::Kind::unix_socket);
    CHECK(socket->path == "/run/smtp");
    CHECK(socket->text() == "smtp+unix:/run/smtp");
    CHECK_FALSE(UpstreamAddress::parse("smtp+unix:/" + std::string(107, 'x')));
    const auto maildir = UpstreamAddress::parse("maildir:/var/mail/x");
    REQUIRE(maildir);
    CHECK(maildir->kind == UpstreamAddress::Kind::maildir);
    CHECK(maildir->path == "/var/mail/x");
    CHECK(maildir->text() == "maildir:/var/mail/x");
}

TEST_CASE("what is no upstream is refused with what to write") {
    for (const char* bad :
         {"", "mx.example.org", "smtp://mx.example.org", "mx:0", "a b:25", "smtp://::1:25",
          "maildir:", "ftp://a:1", "[mx]:25", "smtps://mx.example.org", "smtps://127.0.0.1:0",
          "smtp+unix:", "smtp+unix:run/smtp"}) {
        INFO(bad);
        CHECK_FALSE(UpstreamAddress::parse(bad));
    }
}

}  // namespace smtpblock
