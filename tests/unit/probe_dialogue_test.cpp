#include "cli/probe_dialogue.h"

#include <catch2/catch.hpp>

#include "common/base64.h"

using namespace smtpblock;

namespace {

using Kind = ProbeVerdict::Kind;

/// A dialogue, told what the server says; `said` is what the client sent since.
class Fixture {
public:
    explicit Fixture(ProbeQuestion question) : dialogue(std::move(question)) {}

    std::string server(std::string_view bytes) {
        dialogue.on_bytes(bytes);
        return dialogue.take_output();
    }
    /// As above, octet by octet.
    std::string split(std::string_view bytes) {
        std::string said;
        for (const char c : bytes) said += server({&c, 1});
        return said;
    }

    ProbeDialogue dialogue;
};

ProbeQuestion anybody() {
    return {.ehlo = "client.example", .from = "a@example.com", .to = "b@example.org"};
}

ProbeQuestion alice() {
    ProbeQuestion question = anybody();
    question.login = {"alice@example.com", "secret"};
    return question;
}

const std::string plain = "AGFsaWNlQGV4YW1wbGUuY29tAHNlY3JldA==";

}  // namespace

TEST_CASE("a probe asks as far as the recipient, and says what came of it") {
    for (const bool in_pieces : {false, true}) {
        Fixture f(anybody());
        const auto server = [&](std::string_view bytes) {
            return in_pieces ? f.split(bytes) : f.server(bytes);
        };
        CHECK(server("220 mx.example.org ESMTP\r\n") == "EHLO client.example\r\n");
        CHECK(server("250-mx.example.org\r\n250 PIPELINING\r\n") ==
              "MAIL FROM:<a@example.com>\r\n");
        CHECK(server("250 2.1.0 Ok\r\n") == "RCPT TO:<b@example.org>\r\n");
        CHECK_FALSE(f.dialogue.finished());
        CHECK(server("250 2.1.5 Ok\r\n") == "QUIT\r\n");
        CHECK(server("221 2.0.0 Bye\r\n").empty());
        REQUIRE(f.dialogue.finished());
        CHECK(f.dialogue.verdict().kind == Kind::accepted);
        CHECK(f.dialogue.verdict().at == "RCPT TO");
        const auto lines = f.dialogue.take_lines();
        REQUIRE(lines.size() == 10);
        CHECK(lines[0].text == "220 mx.example.org ESMTP");
        CHECK(lines[0].code == 220);
        CHECK(lines[1].ours);
        CHECK(lines[1].text == "EHLO client.example");
    }
}

TEST_CASE("a refusal ends the probe where it came, with QUIT") {
    Fixture at_rcpt(anybody());
    at_rcpt.server("220 mx\r\n");
    at_rcpt.server("250 mx\r\n");
    at_rcpt.server("250 Ok\r\n");
    CHECK(at_rcpt.server("554-5.7.1 Access\r\n554 5.7.1 denied\r\n") == "QUIT\r\n");
    at_rcpt.dialogue.on_closed();
    REQUIRE(at_rcpt.dialogue.finished());
    CHECK(at_rcpt.dialogue.verdict().kind == Kind::refused);
    CHECK(at_rcpt.dialogue.verdict().code == 554);
    CHECK(at_rcpt.dialogue.verdict().reply == "554 5.7.1 Access 5.7.1 denied");

    Fixture at_mail(anybody());
    at_mail.server("220 mx\r\n");
    at_mail.server("250 mx\r\n");
    CHECK(at_mail.server("450 4.7.1 later\r\n") == "QUIT\r\n");
    at_mail.server("221 Bye\r\n");
    CHECK(at_mail.dialogue.verdict().kind == Kind::deferred);
    CHECK(at_mail.dialogue.verdict().at == "MAIL FROM");

    Fixture at_once(anybody());
    CHECK(at_once.server("554 no\r\n") == "QUIT\r\n");
    at_once.server("221 Bye\r\n");
    CHECK(at_once.dialogue.verdict().at == "the greeting");
}

TEST_CASE("who does not greet, and whose EHLO is not understood") {
    ProbeQuestion silent = anybody();
    silent.ehlo.clear();
    Fixture f(silent);
    CHECK(f.server("220 mx\r\n") == "MAIL FROM:<a@example.com>\r\n");

    Fixture old(anybody());
    old.server("220 mx\r\n");
    CHECK(old.server("502 what?\r\n") == "HELO client.example\r\n");
    CHECK(old.server("250 mx\r\n") == "MAIL FROM:<a@example.com>\r\n");

    Fixture refused(anybody());
    refused.server("220 mx\r\n");
    CHECK(refused.server("550 not you\r\n") == "QUIT\r\n");
    refused.server("221 Bye\r\n");
    CHECK(refused.dialogue.verdict().at == "EHLO");
}

TEST_CASE("a login goes by PLAIN, else by LOGIN, and its words are not shown") {
    Fixture by_plain(alice());
    by_plain.server("220 mx\r\n");
    CHECK(by_plain.server("250-mx\r\n250 AUTH LOGIN PLAIN\r\n") == "AUTH PLAIN " + plain + "\r\n");
    CHECK(by_plain.server("235 Ok\r\n") == "MAIL FROM:<a@example.com>\r\n");

    Fixture in_steps(alice());
    in_steps.server("220 mx\r\n");
    in_steps.server("250-mx\r\n250 auth=plain\r\n");
    CHECK(in_steps.server("334 \r\n") == plain + "\r\n");
    CHECK(in_steps.server("235 Ok\r\n") == "MAIL FROM:<a@example.com>\r\n");

    Fixture by_login(alice());
    by_login.server("220 mx\r\n");
    CHECK(by_login.server("250-mx\r\n250 AUTH LOGIN\r\n") == "AUTH LOGIN\r\n");
    CHECK(by_login.server("334 VXNlcm5hbWU6\r\n") == base64_encode("alice@example.com") + "\r\n");
    CHECK(by_login.server("334 UGFzc3dvcmQ6\r\n") == base64_encode("secret") + "\r\n");
    CHECK(by_login.server("535 no\r\n") == "QUIT\r\n");
    by_login.server("221 Bye\r\n");
    CHECK(by_login.dialogue.verdict().kind == Kind::refused);
    CHECK(by_login.dialogue.verdict().at == "AUTH");

    for (Fixture* f : {&by_plain, &in_steps, &by_login})
        for (const auto& line : f->dialogue.take_lines()) {
            CHECK(line.text.find(plain) == std::string::npos);
            CHECK(line.text.find(base64_encode("secret")) == std::string::npos);
        }
}

TEST_CASE("without AUTH nobody can log in, and no verdict is made up") {
    Fixture f(alice());
    f.server("220 mx\r\n");
    CHECK(f.server("250-mx\r\n250 AUTHENTIC PLAIN\r\n") == "QUIT\r\n");
    f.server("221 Bye\r\n");
    CHECK(f.dialogue.verdict().kind == Kind::failed);
    CHECK(f.dialogue.verdict().reply.find("neither AUTH PLAIN nor AUTH LOGIN") !=
          std::string::npos);
}

TEST_CASE("what is no SMTP ends the dialogue") {
    const auto why = [](std::initializer_list<std::string> said) {
        Fixture f(anybody());
        for (const std::string& bytes : said) f.server(bytes);
        if (!f.dialogue.finished()) f.dialogue.on_closed();
        REQUIRE(f.dialogue.finished());
        CHECK(f.dialogue.verdict().kind == Kind::failed);
        CHECK(f.dialogue.take_output().empty());
        return f.dialogue.verdict().reply;
    };
    CHECK(why({"HTTP/1.1 400 Bad Request\r\n"}) ==
          "answers the greeting with 'HTTP/1.1 400 Bad Request'; that is no SMTP");
    CHECK(why({"\x1b]0;evil\x07\r\n"}) ==
          "answers the greeting with '\\x1b]0;evil\\x07'; that is no SMTP");
    CHECK(why({"220"}) == "closed the connection without a greeting");
    CHECK(why({}) == "closed the connection without a greeting");
    CHECK(why({"220 mx\r\n", "250-mx\r\n"}) == "closed the connection at EHLO");
    CHECK(why({"220 mx\r\n", "354 go\r\n"}) == "answers EHLO with 354");
    CHECK(why({"220 mx\r\n250 too early\r\n"}) == "says more than one reply to the greeting");
    CHECK(why({"199 no\r\n"}).find("no SMTP") != std::string::npos);
    CHECK(why({"\r\n"}).find("no SMTP") != std::string::npos);
}

TEST_CASE("an endless line and an endless reply are cut off") {
    Fixture line(anybody());
    std::size_t taken = 0;
    while (!line.dialogue.finished() && taken < (1U << 20U)) {
        line.server(std::string(1000, 'x'));
        taken += 1000;
    }
    CHECK(taken < (1U << 17U));
    CHECK(line.dialogue.verdict().reply.find("more than 16 KiB") != std::string::npos);
    CHECK(line.dialogue.take_lines().back().text.size() < 300);

    Fixture reply(anybody());
    taken = 0;
    while (!reply.dialogue.finished() && taken < (1U << 20U)) {
        reply.server("220-more\r\n");
        taken += 10;
    }
    CHECK(taken < (1U << 17U));
    CHECK(reply.dialogue.verdict().kind == Kind::failed);
}
