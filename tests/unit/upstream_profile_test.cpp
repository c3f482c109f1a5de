#include "daemon/smtp/upstream_profile.h"

#include <catch2/catch.hpp>

namespace smtpblock::smtp {

TEST_CASE("before the first success PIPELINING, 8BITMIME and ENHANCEDSTATUSCODES are offered") {
    const UpstreamProfile profile;
    CHECK(profile.keywords.pipelining);
    CHECK(profile.keywords.eight_bit_mime);
    CHECK(profile.keywords.enhanced_status_codes);
    CHECK_FALSE(profile.keywords.size);
    CHECK_FALSE(profile.keywords.auth());
}

TEST_CASE("keywords are read in any case, and the old spelling of AUTH too") {
    const auto keywords = parse_keywords(
        {"pipelining", "SIZE 10240000", "AUTH=LOGIN", "8BITMIME", "smtpUTF8", "DSN", "STARTTLS"});
    CHECK(keywords.pipelining);
    CHECK(keywords.size == 10240000U);
    CHECK(keywords.mechanisms.has(Mechanism::login));
    CHECK_FALSE(keywords.mechanisms.has(Mechanism::plain));
    CHECK_FALSE(keywords.enhanced_status_codes);
    CHECK(keywords.smtputf8);
    CHECK(keywords.dsn);
    CHECK(keywords.starttls);
    CHECK(parse_keywords({"AUTH CRAM-MD5 PLAIN"}).mechanisms.has(Mechanism::plain));
    CHECK(parse_keywords({"SIZE"}).size == 0U);
    CHECK_FALSE(parse_keywords({"AUTH XCRAM-MD5 XPLAIN"}).auth());
}

}  // namespace smtpblock::smtp
