#include "daemon/smtp/learner.h"

#include <catch2/catch.hpp>
#include <string>

namespace smtpblock::smtp {
namespace {

using namespace std::chrono_literals;

struct Upstream {
    UpstreamProfile profile;
    Learner learner;

    explicit Upstream(UpstreamTls tls = UpstreamTls::none)
        : learner("front.example.org", tls, profile, 30s, Instant(1h)) {}

    std::string say(std::string_view bytes) {
        learner.on_bytes(bytes);
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
    CHECK_FALSE(upstream.profile.learnt);
    CHECK(upstream.say("IN\r\n250 PIPELINING\r\n") == "QUIT\r\n");
    CHECK(upstream.learner.learnt());
    CHECK(upstream.profile.learnt);
    CHECK(upstream.profile.host == "mx.example.org");
    CHECK(upstream.profile.keywords.size == 1000U);
    CHECK(upstream.profile.keywords.mechanisms.has(Mechanism::plain));
    CHECK_FALSE(upstream.profile.keywords.mechanisms.has(Mechanism::login));
    CHECK_FALSE(upstream.profile.keywords.eight_bit_mime);
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
    CHECK(upstream.profile.host == "old.example.org");
    CHECK_FALSE(upstream.profile.keywords.pipelining);
}

TEST_CASE("an upstream that does not greet leaves the profile as it was, and says why") {
    const auto failing = [](auto happens) {
        Upstream upstream;
        const Keywords before = upstream.profile.keywords;
        happens(upstream);
        CHECK(upstream.learner.want() == Want::close);
        CHECK_FALSE(upstream.learner.learnt());
        CHECK_FALSE(upstream.profile.learnt);
        CHECK(upstream.profile.host.empty());
        CHECK(upstream.profile.keywords == before);
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
    CHECK_FALSE(upstream.profile.learnt);
    upstream.learner.on_tls();
    CHECK(upstream.say("") == "EHLO front.example.org\r\n");
    CHECK(upstream.say("250-mx.example.org\r\n250 DSN\r\n") == "QUIT\r\n");
    CHECK(upstream.profile.keywords.dsn);
    CHECK_FALSE(upstream.profile.keywords.auth());
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
    CHECK_FALSE(unable.profile.learnt);
}

TEST_CASE("time that is not up yet changes nothing") {
    Upstream upstream;
    upstream.learner.on_time(Instant(1h) + 29s);
    CHECK(upstream.learner.want() == Want::connect);
}

}  // namespace smtpblock::smtp
