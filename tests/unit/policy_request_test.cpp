#include <catch2/catch.hpp>
#include <string>

#include "daemon/policy/limits.h"
#include "daemon/policy/request.h"

namespace smtpblock::policy {
namespace {

using State = RequestReader::State;

/// As Postfix 3.7 sends it.
const std::string whole =
    "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
    "client_address=192.0.2.7\nclient_name=unknown\nclient_port=4711\n"
    "helo_name=mail.example.com\nqueue_id=\nsender=a@b.example\nrecipient=bob@example.org\n"
    "recipient_count=0\ninstance=7a3.6566.1\nsize=1234\netrn_domain=\nstress=\n"
    "sasl_method=plain\nsasl_username=alice\nsasl_sender=\nccert_subject=a=b\n"
    "policy_context=submission\n\n";

std::string flaw_of(const std::string& text) {
    RequestReader reader;
    REQUIRE(reader.read(text) == State::flawed);
    return std::string(reader.flaw());
}

std::string with(const std::string& lines) {
    return "request=smtpd_access_policy\n" + lines + "\n";
}

void check_whole(const Request& request) {
    CHECK(request.state == "RCPT");
    CHECK(request.helo_name == "mail.example.com");
    CHECK(request.sender == "a@b.example");
    CHECK(request.recipient == "bob@example.org");
    CHECK(request.client_address == "192.0.2.7");
    CHECK(request.sasl_username == "alice");
    CHECK(request.sasl_sender == "");
    CHECK(request.context == "submission");
}

}  // namespace

TEST_CASE("a policy request ends with an empty line, wherever it was cut on its way") {
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        RequestReader reader;
        REQUIRE(reader.read(whole.substr(0, cut)) == State::more);
        REQUIRE(reader.read(whole) == State::whole);
        CHECK(reader.octets() == whole.size());
        check_whole(reader.request(whole));
    }
    RequestReader reader;
    for (std::size_t octets = 0; octets < whole.size(); ++octets)
        REQUIRE(reader.read(whole.substr(0, octets)) == State::more);
    CHECK(reader.read(whole) == State::whole);
}

TEST_CASE("what stands behind a policy request is the next one") {
    RequestReader reader;
    REQUIRE(reader.read(whole + "request=") == State::whole);
    CHECK(reader.octets() == whole.size());
    reader.reset();
    CHECK(reader.read("request=") == State::more);
}

TEST_CASE("what a policy request does not say is not the same as empty") {
    const std::string text = with("sender=\n");
    RequestReader reader;
    REQUIRE(reader.read(text) == State::whole);
    const Request request = reader.request(text);
    CHECK(request.sender == "");
    CHECK_FALSE(request.helo_name);
    CHECK_FALSE(request.state);
}

TEST_CASE("values may hold anything but NUL and the end of a line") {
    const std::string text = with("sender=\"a=\\\xff\x01\t \"@b.example\nhelo_name==\r\n");
    RequestReader reader;
    REQUIRE(reader.read(text) == State::whole);
    CHECK(reader.request(text).sender == "\"a=\\\xff\x01\t \"@b.example");
    CHECK(reader.request(text).helo_name == "=\r");
}

TEST_CASE("unknown attributes are ignored, also twice") {
    const std::string text = with("x=1\nx=2\nSENDER=no\nsender=yes\n");
    RequestReader reader;
    REQUIRE(reader.read(text) == State::whole);
    CHECK(reader.request(text).sender == "yes");
}

TEST_CASE("a policy request that is none is known as early as can be") {
    CHECK(flaw_of("\n") == "no request=smtpd_access_policy");
    CHECK(flaw_of("sender=a@b.example\n\n") == "no request=smtpd_access_policy");
    CHECK(flaw_of("request=other\n") == "a request other than smtpd_access_policy");
    CHECK(flaw_of("EHLO x\r\n") == "a line without '='");
    CHECK(flaw_of("GET /?a=b HTTP/1.1\r\nHost: x\r\n") == "a line without '='");
    CHECK(flaw_of("=x\n") == "a line without a name");
    CHECK(flaw_of("request=smtpd_access_policy\n\r\n") == "lines that end in CRLF instead of LF");
    CHECK(flaw_of("request=smtpd_access_policy\r\n") == "a request other than smtpd_access_policy");
    CHECK(flaw_of(with("sender=a\nsender=b\n")) == "an attribute that is there twice");
    CHECK(flaw_of(with("request=smtpd_access_policy\n")) == "an attribute that is there twice");
    CHECK(flaw_of(with(std::string("sender=a\0b\n", 11))) == "a NUL");
}

TEST_CASE("a policy request is bounded, and what is too long is not waited for") {
    const std::string most(limits::string_octets, 'x');
    RequestReader reader;
    CHECK(reader.read(with("sender=" + most + "\n")) == State::whole);
    CHECK(flaw_of(with("sender=" + most + "x\n")) == "a name or a value longer than 8192 octets");
    CHECK(flaw_of(with(most + "x=1\n")) == "a name or a value longer than 8192 octets");
    CHECK(flaw_of("sender=" + most + most) == "a name or a value longer than 8192 octets");

    std::string many;
    for (std::size_t i = 0; i + 1 < limits::attributes; ++i) many += "x=\n";
    reader.reset();
    CHECK(reader.read(with(many)) == State::whole);
    CHECK(flaw_of(with(many + "x=\n")) == "more than 1024 attributes");

    std::string large;
    while (large.size() <= limits::request_octets) large += "x=" + most + "\n";
    CHECK(flaw_of(with(large)) == "longer than 65536 octets");
}

}  // namespace smtpblock::policy
