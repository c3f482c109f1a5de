#include "cli/probe_policy.h"

#include <catch2/catch.hpp>

using namespace smtpblock;

namespace {

using Kind = ProbeVerdict::Kind;

ProbeVerdict verdict_for(std::string_view answer) {
    ProbePolicy probe({.ehlo = "x", .from = "a@example.com", .to = "b@example.org"});
    for (const char c : answer) probe.on_bytes({&c, 1});
    if (!probe.finished()) probe.on_closed();
    return probe.verdict();
}

}  // namespace

TEST_CASE("a policy probe asks as Postfix does for a recipient") {
    ProbePolicy probe({.ehlo = "ylmf-pc",
                       .login = ProbeQuestion::Login{"alice", "secret"},
                       .from = "a@example.com",
                       .to = "b@example.org"});
    CHECK(probe.take_output() ==
          "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
          "client_address=192.0.2.1\nhelo_name=ylmf-pc\nsender=a@example.com\n"
          "recipient=b@example.org\nsasl_username=alice\n\n");
    CHECK(probe.take_lines().size() == 8);
    CHECK_FALSE(probe.finished());
}

TEST_CASE("what Postfix is told is what the sender would see") {
    const auto kind = [](const std::string& action) {
        return verdict_for("action=" + action + "\n\n").kind;
    };
    CHECK(kind("DUNNO") == Kind::accepted);
    CHECK(kind("OK") == Kind::accepted);
    CHECK(kind("WARN 554 is in the text") == Kind::accepted);
    CHECK(kind("554 5.7.1 Access denied") == Kind::refused);
    CHECK(kind("REJECT") == Kind::refused);
    CHECK(kind("450 4.7.1 Access denied") == Kind::deferred);
    CHECK(kind("defer_if_permit later") == Kind::deferred);
    const auto verdict = verdict_for("action=554 5.7.1 Access denied\n\n");
    CHECK(verdict.code == 554);
    CHECK(verdict.at == "RCPT");
    CHECK(verdict.reply == "554 5.7.1 Access denied");
}

TEST_CASE("what is no policy server is told from one") {
    CHECK(verdict_for("").reply == "closed the connection without an answer; its log may say why");
    CHECK(verdict_for("action=DUNNO\n").kind == Kind::failed);
    CHECK(verdict_for("220 mx ESMTP\r\n").reply ==
          "answers with '220 mx ESMTP\\x0d'; that is no policy server");
    CHECK(verdict_for(std::string(20000, 'x')).reply ==
          "answers with more than 16 KiB; that is no policy server");
}
