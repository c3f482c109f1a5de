#include "daemon/smtp/learner.h"

#include <catch2/catch.hpp>
#include <string>

#include "daemon/smtp/proxy_header.h"

namespace smtpblock::smtp {
namespace {

using namespace std::chrono_literals;

struct Upstream {
    Learner learner;

    explicit Upstream(UpstreamTls tls = UpstreamTls::none)
        : learner({.hostname = "front.example.org", .tls = tls, .patience = 30s}, Instant(1h)) {}
    explicit Upstream(ClientAddress client_address, bool ask_for_recipient)
        : learner({.hostname = "front.example.org",
                   .client_address = client_address,
                   .ask_for_recipient = ask_for_recipient},
                  Instant(1h)) {}

    std::string say(std::string_view bytes, Instant now = Instant(1h)) {
        learner.on_bytes(bytes, now);
        std::string out(learner.output());
        learner.on_written(out.size());
        return out;
    }
};

}  // namespace

TEST_CASE("the upstream's name and keywords are learnt from its banner and EHLO") {
    Upstream upstream;
    CHECK(upstream.learner.want() == Want::connect);
    CHECK(upstream.learner.deadline() == Instant(1h) + 30s);
    upstream.learner.on_connected();
    CHECK(upstream.learner.want() == Want::read);
    CHECK(upstream.say("220 mx.example.org ESMTP Postfix\r\n") == "EHLO front.example.org\r\n");
    CHECK(upstream.say("250-mx.example.org\r\n250-SIZE 1000\r\n250-AUTH PLA") == "");
    CHECK_FALSE(upstream.learner.learnt());
    CHECK(upstream.say("IN\r\n250 PIPELINING\r\n") == "QUIT\r\n");
    CHECK(upstream.learner.learnt());
    CHECK(upstream.learner.learnt()->host == "mx.example.org");
    CHECK(upstream.learner.learnt()->keywords.size == 1000U);
    CHECK(upstream.learner.learnt()->keywords.mechanisms.has(Mechanism::plain));
    CHECK_FALSE(upstream.learner.learnt()->keywords.mechanisms.has(Mechanism::login));
    CHECK_FALSE(upstream.learner.learnt()->keywords.eight_bit_mime);
    CHECK(upstream.learner.want() == Want::read);
    upstream.say("221 Bye\r\n");
    CHECK(upstream.learner.want() == Want::close);
}

TEST_CASE("an upstream that knows HELO alone has no keywords") {
    Upstream upstream;
    upstream.learner.on_connected();
    upstream.say("220 old.example.org\r\n");
    CHECK(upstream.say("502 what?\r\n") == "HELO front.example.org\r\n");
    CHECK(upstream.say("250 old.example.org\r\n") == "QUIT\r\n");
    CHECK(upstream.learner.learnt()->host == "old.example.org");
    CHECK_FALSE(upstream.learner.learnt()->keywords.pipelining);
}

TEST_CASE("an upstream that does not greet is not learnt, and it is said why") {
    const auto failing = [](auto happens) {
        Upstream upstream;
        happens(upstream);
        CHECK(upstream.learner.want() == Want::close);
        CHECK_FALSE(upstream.learner.learnt());
        return upstream.learner.why();
    };
    CHECK(failing([](Upstream& u) { u.learner.on_closed("Connection refused"); }) ==
          "Connection refused");
    CHECK(failing([](Upstream& u) { u.learner.on_time(Instant(1h) + 30s); }) == "timeout");
    CHECK(failing([](Upstream& u) {
              u.learner.on_connected();
              u.say("554 no service\r\n");
          }) == "no service");
    CHECK(failing([](Upstream& u) {
              u.learner.on_connected();
              u.say("220 mx.example.org\r\n");
              u.say("421 too busy\r\n");
          }) == "too busy");
    CHECK(failing([](Upstream& u) {
              u.learner.on_connected();
              u.say("SSH-2.0\r\n");
          }) == "a malformed reply");
    CHECK(failing([](Upstream& u) {
              u.learner.on_connected();
              u.say("220 mx.example.org\r\n");
              u.learner.on_closed("");
          }) == "closed by the upstream");
}

TEST_CASE("behind STARTTLS the keywords are those of the second EHLO") {
    Upstream upstream(UpstreamTls::starttls);
    upstream.learner.on_connected();
    CHECK(upstream.say("220 mx.example.org ESMTP\r\n") == "EHLO front.example.org\r\n");
    CHECK(upstream.say("250-mx.example.org\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n") ==
          "STARTTLS\r\n");
    CHECK(upstream.say("220 go on\r\n250-mx.example.org\r\n250 AUTH LOGIN\r\n") == "");
    CHECK(upstream.learner.want() == Want::tls_handshake);
    CHECK_FALSE(upstream.learner.learnt());
    upstream.learner.on_tls();
    CHECK(upstream.say("") == "EHLO front.example.org\r\n");
    CHECK(upstream.say("250-mx.example.org\r\n250 DSN\r\n") == "QUIT\r\n");
    CHECK(upstream.learner.learnt()->keywords.dsn);
    CHECK_FALSE(upstream.learner.learnt()->keywords.auth());
}

TEST_CASE("with implicit TLS the handshake comes before the banner") {
    Upstream upstream(UpstreamTls::implicit);
    upstream.learner.on_connected();
    CHECK(upstream.learner.want() == Want::tls_handshake);
    CHECK(upstream.say("220 mx.example.org ESMTP\r\n") == "");
    upstream.learner.on_tls();
    CHECK(upstream.learner.want() == Want::read);
    CHECK(upstream.say("220 mx.example.org ESMTP\r\n") == "EHLO front.example.org\r\n");
    CHECK(upstream.say("250-mx.example.org\r\n250 STARTTLS\r\n") == "QUIT\r\n");
}

TEST_CASE("an upstream that cannot do STARTTLS is not learnt in clear text") {
    Upstream without(UpstreamTls::starttls);
    without.learner.on_connected();
    without.say("220 mx.example.org ESMTP\r\n");
    without.say("250-mx.example.org\r\n250 AUTH PLAIN\r\n");
    CHECK(without.learner.why() ==
          "it does not offer STARTTLS; give it a certificate, or write smtps://");
    Upstream unable(UpstreamTls::starttls);
    unable.learner.on_connected();
    unable.say("220 mx.example.org ESMTP\r\n250-mx.example.org\r\n250 STARTTLS\r\n");
    unable.say("454 not now\r\n");
    CHECK(unable.learner.why() == "it refuses STARTTLS: not now");
    CHECK_FALSE(unable.learner.learnt());
}

TEST_CASE("a stranger's refusal is learnt in the words that fit everybody") {
    const auto refusal = [](std::string_view reply) {
        Upstream upstream(ClientAddress::none, true);
        upstream.learner.on_connected();
        upstream.say("220 mx.example.org ESMTP\r\n");
        CHECK(upstream.say("250 mx.example.org\r\n") == "MAIL FROM:<>\r\n");
        CHECK(upstream.say("250 Ok\r\n") == "RCPT TO:<relay-test@smtpblock.invalid>\r\n");
        CHECK(upstream.say(reply) == "QUIT\r\n");
        upstream.say("221 Bye\r\n");
        CHECK(upstream.learner.want() == Want::close);
        REQUIRE(upstream.learner.learnt());
        CHECK(upstream.learner.learnt()->recipient_code / 100 ==
              static_cast<unsigned>(reply[0] - '0'));
        return upstream.learner.learnt()->rcpt_refusal;
    };
    CHECK(refusal("554 5.7.1 <relay-test@smtpblock.invalid>: Relay access denied\r\n") ==
          "554 5.7.1 <{rcpt}>: Relay access denied");
    CHECK(refusal("550-<Relay-Test@SMTPBLOCK.invalid> no\r\n550 relay not permitted\r\n") ==
          "550-<{rcpt}> no\r\n550 relay not permitted");
    // What holds another part of the question, or may be over in a minute, is for nobody else.
    CHECK(refusal("554 5.7.1 smtpblock.invalid: no relay\r\n").empty());
    CHECK(refusal("554 5.7.1 <relay-test>: no relay\r\n").empty());
    CHECK(refusal("554 5.7.1 192.0.2.1 is nobody's\r\n").empty());
    CHECK(refusal("554 5.7.1 front.example.org: go away\r\n").empty());
    CHECK(refusal("554 5.7.1 <unknown[10.0.0.5]>: Client host rejected\r\n").empty());
    CHECK(refusal("554 5.7.1 2001:db8::5 is listed\r\n").empty());
    CHECK(refusal("450 4.7.1 Greylisted\r\n").empty());
    CHECK(refusal("250 2.1.5 Ok\r\n").empty());
}

TEST_CASE("how long a stranger's refusal takes is learnt with it") {
    Upstream upstream(ClientAddress::none, true);
    upstream.learner.on_connected();
    upstream.say("220 mx.example.org ESMTP\r\n", Instant(1h) + 10ms);
    upstream.say("250 mx.example.org\r\n", Instant(1h) + 12ms);
    upstream.say("250 Ok\r\n", Instant(1h) + 13ms);
    upstream.say("554 5.7.1 <relay-test@smtpblock.invalid>: no\r\n", Instant(1h) + 15ms);
    const auto& refusals = upstream.learner.learnt()->refusals;
    REQUIRE(refusals.size() == 2);
    CHECK(refusals[0].needs == RcptNeeds::connection);
    CHECK(refusals[0].took == 15ms);
    CHECK(refusals[1].needs == RcptNeeds::mail);
    CHECK(refusals[1].took == 3ms);
}

TEST_CASE("the question is a stranger's where the upstream can be told so") {
    Upstream proxy(ClientAddress::proxy, true);
    proxy.learner.on_connected();
    const auto header = ProxyHeader::parse(proxy.learner.output());
    REQUIRE(header.state == ProxyHeader::State::complete);
    REQUIRE(header.client);
    CHECK(header.client->address.text() == "192.0.2.1");

    Upstream local(ClientAddress::proxy, false);
    local.learner.on_connected();
    const auto of_nobody = ProxyHeader::parse(local.learner.output());
    CHECK(of_nobody.state == ProxyHeader::State::complete);
    CHECK_FALSE(of_nobody.client);

    Upstream xclient(ClientAddress::xclient, true);
    xclient.learner.on_connected();
    CHECK(xclient.say("220 mx.example.org ESMTP\r\n") == "EHLO front.example.org\r\n");
    CHECK(xclient.say("250-mx.example.org\r\n250 XCLIENT NAME ADDR PROTO HELO PORT\r\n") ==
          "XCLIENT NAME=[UNAVAILABLE] ADDR=192.0.2.1 PORT=40025 PROTO=ESMTP "
          "HELO=front.example.org\r\n");
    CHECK(xclient.say("220 mx.example.org ESMTP\r\n") == "EHLO front.example.org\r\n");
    CHECK(xclient.say("250-mx.example.org\r\n250 DSN\r\n") == "MAIL FROM:<>\r\n");
    CHECK(xclient.learner.learnt()->keywords.dsn);
}

TEST_CASE("an upstream that does not take the address is not learnt") {
    Upstream xclient(ClientAddress::xclient, true);
    xclient.learner.on_connected();
    xclient.say("220 mx.example.org ESMTP\r\n");
    xclient.say("250-mx.example.org\r\n250 DSN\r\n");
    CHECK(xclient.learner.why().starts_with("it does not take XCLIENT from this host; "));

    Upstream proxy(ClientAddress::proxy, false);
    proxy.learner.on_connected();
    proxy.say("220 mx.example.org ESMTP\r\n500 5.5.2 bad syntax\r\n221 2.0.0 Bye\r\n");
    CHECK(proxy.learner.want() == Want::close);
    CHECK(proxy.learner.why() == "it does not take a PROXY header: 5.5.2 bad syntax");
}

TEST_CASE("time that is not up yet changes nothing") {
    Upstream upstream;
    upstream.learner.on_time(Instant(1h) + 29s);
    CHECK(upstream.learner.want() == Want::connect);
}

}  // namespace smtpblock::smtp
