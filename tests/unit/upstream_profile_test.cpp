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
    const auto keywords = parse_keywords({"pipelining", "SIZE 10240000", "AUTH=LOGIN", "8BITMIME"});
    CHECK(keywords.pipelining);
    CHECK(keywords.size == 10240000U);
    CHECK(keywords.auth_login);
    CHECK_FALSE(keywords.auth_plain);
    CHECK_FALSE(keywords.enhanced_status_codes);
    CHECK(parse_keywords({"AUTH CRAM-MD5 PLAIN"}).auth_plain);
    CHECK(parse_keywords({"SIZE"}).size == 0U);
    CHECK_FALSE(parse_keywords({"AUTH CRAM-MD5 XPLAIN"}).auth());
}

}  // namespace smtpblock::smtp
