#include <catch2/catch.hpp>
#include <string>

#include "daemon/dovecot/auth_request.h"

namespace smtpblock::dovecot {
namespace {

/// What Dovecot 2.3.19 sends with its own auth_policy_request_attributes.
constexpr const char* usual =
    R"({"device_id":"","login":"bob@example.com","protocol":"smtp","pwhash":"0a0b","remote":"192.0.2.7","session_id":"x","tls":false})";

std::string why_not(std::string_view json) {
    const auto request = AuthRequest::parse(json);
    return request ? "" : request.error().message;
}

}  // namespace

TEST_CASE("a request of Dovecot says who logs in, from where and for what") {
    const auto request = AuthRequest::parse(usual);
    REQUIRE(request);
    CHECK(request->login == "bob@example.com");
    CHECK(request->auth_user.empty());
    CHECK(request->remote == "192.0.2.7");
    CHECK(request->protocol == "smtp");
}

TEST_CASE("members may be absent, null, unknown or nested, but for the login") {
    const auto request = AuthRequest::parse(
        R"( {"login":"bob","auth_user":"master","a":{"b":{"c":[1,2.5e3,true,null]}},"remote":null} )");
    REQUIRE(request);
    CHECK(request->login == "bob");
    CHECK(request->auth_user == "master");
    CHECK(request->remote.empty());
    CHECK_FALSE(request->protocol);
    CHECK(why_not(R"({"auth_user":"bob"})") == "no login");
    CHECK(why_not(R"({"login":null})") == "no login");
}

TEST_CASE("a login may be any octets") {
    const auto login = [](const std::string& json) {
        const auto request = AuthRequest::parse("{\"login\":" + json + "}");
        return request ? request->login : "none";
    };
    CHECK(login(R"("\u0000\"\\\u00e4\ud83d\ude00")") ==
          std::string("\0\"\\\xc3\xa4\xf0\x9f\x98\x80", 9));
    CHECK(login("\"\xff\xc3\"") == "\xff\xc3");
    CHECK(login("\"\"").empty());
}

TEST_CASE("what is no such request is refused") {
    for (const std::string& bad :
         {std::string(), std::string("{"), std::string("[]"), std::string("\"login\""),
          std::string(R"({"login":1})"), std::string(R"({"login":"a","protocol":["smtp"]})"),
          std::string(R"({"login":"a"}{"login":"b"})"), std::string(R"({"login":"a",})"),
          std::string(R"({"login":"\ud800"})"), std::string("{\"login\":\"a\0b\"}", 15),
          R"({"login":"a","deep":)" + std::string(10000, '[') + std::string(10000, ']') + "}"})
        CHECK_FALSE(why_not(bad).empty());
}

TEST_CASE("of a member that comes twice the last one counts") {
    CHECK(AuthRequest::parse(R"({"login":"a","login":"b"})")->login == "b");
}

}  // namespace smtpblock::dovecot
