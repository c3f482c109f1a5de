#include "daemon/smtp/esmtp_parameters.h"

#include <catch2/catch.hpp>

namespace smtpblock::smtp {
namespace {

Keywords all() {
    Keywords keywords;
    keywords.size = 1000;
    keywords.mechanisms.add(Mechanism::plain);
    keywords.smtputf8 = keywords.dsn = true;
    return keywords;
}

std::string of_mail(std::string_view parameter) {
    const Keywords offered = all();
    return MailParameters(offered, true).take(parameter);
}

std::string of_rcpt(std::string_view parameter, bool smtputf8 = false) {
    const Keywords offered = all();
    return RcptParameters(offered, smtputf8).take(parameter);
}

}  // namespace

TEST_CASE("what a parameter of MAIL needs, the upstream must be able to take") {
    const Keywords offered = all();
    const auto needs_of = [&](std::string_view parameter) {
        MailParameters parameters(offered, true);
        CHECK(parameters.take(parameter).empty());
        CHECK(parameters.needs().met_by(offered));
        return parameters.needs();
    };
    CHECK(needs_of("size=1000").size);
    CHECK(needs_of("BODY=8BITMIME").eight_bit_mime);
    CHECK_FALSE(needs_of("BODY=7BIT").eight_bit_mime);
    CHECK(needs_of("AUTH=<>").auth);
    CHECK(needs_of("AUTH=a+2Bb@example.com").auth);
    CHECK(needs_of("SmtpUtf8").smtputf8);
    CHECK(needs_of("RET=full").dsn);
    CHECK(needs_of("ENVID=a+2Bb").dsn);

    const Keywords none;
    CHECK_FALSE(needs_of("SIZE=1").met_by(none));
    CHECK_FALSE(needs_of("AUTH=<>").met_by(none));
    CHECK_FALSE(needs_of("SMTPUTF8").met_by(none));
    CHECK_FALSE(needs_of("RET=HDRS").met_by(none));
}

TEST_CASE("a malformed parameter of MAIL is refused") {
    CHECK(of_mail("SIZE=1001") == "552 5.3.4 Message size exceeds fixed limit");
    for (const char* bad : {"SIZE=", "SIZE=-1", "SIZE=1x", "SIZE=99999999999999999999"})
        CHECK(of_mail(bad) == "501 5.5.4 Bad message size syntax");
    for (const char* bad : {"AUTH=", "AUTH=a=b", "AUTH=a+b", "AUTH=a+2", "AUTH=+"})
        CHECK(of_mail(bad) == "501 5.5.4 Bad AUTH parameter");
    for (const char* bad : {"RET=", "RET=ALL"})
        CHECK(of_mail(bad) == "501 5.5.4 Bad RET parameter syntax");
    for (const char* bad : {"ENVID=", "ENVID=a\x7f", "ENVID=b\xc3\xb6"})
        CHECK(of_mail(bad) == "501 5.5.4 Bad ENVID parameter syntax");
    CHECK(of_mail("BODY=BINARYMIME") == "501 5.5.4 Unsupported option: BODY=BINARYMIME");
    CHECK(of_mail("MT-PRIORITY=3") == "555 5.5.4 Unsupported option: MT-PRIORITY=3");
}

TEST_CASE("what was not offered is not known") {
    const Keywords none;
    for (const char* parameter : {"SIZE=1", "AUTH=<>", "SMTPUTF8", "RET=FULL", "ENVID=a"})
        CHECK(MailParameters(none, false).take(parameter).starts_with("555 5.5.4 "));
    for (const char* parameter : {"NOTIFY=NEVER", "ORCPT=rfc822;a@b.example"})
        CHECK(RcptParameters(none, false).take(parameter).starts_with("555 5.5.4 "));
}

TEST_CASE("the parameters of RCPT are those of DSN, each once") {
    for (const char* good : {"NOTIFY=never", "NOTIFY=SUCCESS", "NOTIFY=FAILURE,DELAY,success",
                             "ORCPT=rfc822;a+2Bb@example.com", "ORCPT=utf-8;b+C3+B6@example.com"})
        CHECK(of_rcpt(good).empty());
    for (const char* bad : {"NOTIFY=", "NOTIFY=NEVER,DELAY", "NOTIFY=DELAY,", "NOTIFY=,DELAY"})
        CHECK(of_rcpt(bad) == "501 5.5.4 Error: Bad NOTIFY parameter syntax");
    for (const char* bad : {"ORCPT=", "ORCPT=a@b", "ORCPT=;a@b", "ORCPT=x y;a@b", "ORCPT=rfc822;",
                            "ORCPT=rfc822;b\xc3\xb6@example.com"})
        CHECK(of_rcpt(bad) == "501 5.5.4 Error: Bad ORCPT parameter syntax");
    CHECK(of_rcpt("ORCPT=rfc822;" + std::string(500, 'a')).starts_with("501"));
    CHECK(of_rcpt("ORCPT=utf-8;b\xc3\xb6@example.com", true).empty());
    CHECK(of_rcpt("ORCPT=utf-8;b\xc3@example.com", true).starts_with("501"));

    const Keywords offered = all();
    RcptParameters twice(offered, false);
    CHECK(twice.take("NOTIFY=NEVER").empty());
    CHECK(twice.take("NOTIFY=NEVER").starts_with("501"));
}

}  // namespace smtpblock::smtp
