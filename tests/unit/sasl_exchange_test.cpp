// What each mechanism's messages say, and that what no server should take is not taken for more.
#include "daemon/smtp/sasl_exchange.h"

#include <catch2/catch.hpp>

#include "common/base64.h"
#include "unit/sasl_support.h"

namespace smtpblock::smtp {
namespace {

using namespace std::string_literals;
using Names = std::vector<std::string>;

const std::string digest = "b913a602c7eda7a495b4e6e7334d3890";  // of RFC 2195 2
const std::string proof = "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=";       // of RFC 5802 5
const std::string final_message = "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=" + proof;

Played scram(const std::string& first) {
    return played(Mechanism::scram_sha_1, {first});
}

}  // namespace

TEST_CASE(
    "PLAIN: a message without a secret is nothing to judge, a name of control characters is") {
    CHECK(played(Mechanism::plain, {"\0bob"s}).open());
    CHECK(played(Mechanism::plain, {""}).open());
    CHECK(played(Mechanism::plain, {"\0bo\nb\0secret"s}).malformed());
    CHECK(played(Mechanism::plain, {"ad\tmin\0bob\0secret"s}).malformed());
    const auto login = played(Mechanism::plain, {"admin\0bob\0secret"s});
    CHECK(login.identities == Names{"bob", "admin"});
    CHECK(login.spoilt().size() == "admin\0bob\0secret"s.size());
    CHECK_FALSE(login.has_response);
}

TEST_CASE("LOGIN: the name first, then the secret") {
    const auto name = played(Mechanism::login, {"bob"});
    CHECK(name.open());
    CHECK(name.has_response);
    const auto login = played(Mechanism::login, {"bob", "secret"});
    CHECK(login.identities == Names{"bob"});
    CHECK(login.spoilt().size() == 6);
    CHECK(login.spoilt() != "secret");
    CHECK_FALSE(login.has_response);
    CHECK(played(Mechanism::login, {"bob\0x"s}).malformed());
}

TEST_CASE(
    "a secret is spoilt to the same one by each mechanism, and in each spelling of the name") {
    const std::string wrong = played(Mechanism::login, {"bob@example.com", "secret"}).spoilt();
    CHECK(played(Mechanism::login, {"Bob@Example.com", "secret"}).spoilt() == wrong);
    CHECK(played(Mechanism::plain, {"\0bob\0secret"s}).spoilt() == "\0bob\0"s + wrong);
    const auto token_in = [](const Played& login) {
        const auto at = login.spoilt().find("Bearer ");
        return login.spoilt().substr(at, login.spoilt().find('\x01', at) - at);
    };
    const auto xoauth2 = played(Mechanism::xoauth2, {"user=bob\1auth=Bearer abc.def\1\1"});
    const auto bearer = played(Mechanism::oauthbearer, {"n,a=bob,\1auth=Bearer abc.def\1\1"});
    CHECK(token_in(xoauth2).size() == "Bearer abc.def"s.size());
    CHECK(token_in(xoauth2) == token_in(bearer));
}

TEST_CASE("CRAM-MD5: the user is what stands before the last space") {
    const auto login = played(Mechanism::cram_md5, {"tim the enchanter " + digest});
    CHECK(login.identities == Names{"tim the enchanter"});
    CHECK(login.spoilt().starts_with("tim the enchanter "));
    CHECK(login.spoilt().size() == 50);
    CHECK(played(Mechanism::cram_md5, {"tim " + digest}).spoilt() ==
          played(Mechanism::cram_md5, {"tim " + digest}).spoilt());
    CHECK(played(Mechanism::cram_md5, {"tim 0ff"}).spoilt().size() == 7);
    CHECK(played(Mechanism::cram_md5, {"tim short"}).open());
    for (const std::string& none : {digest, " " + digest, ""s, "tim " + digest + "\0"s})
        CHECK(played(Mechanism::cram_md5, {none}).malformed());
}

TEST_CASE("CRAM-MD5: an initial response, which has not seen the challenge, is nothing to judge") {
    const auto exchange = start_exchange(Mechanism::cram_md5, test_keyed_hash());
    CHECK(exchange->take_initial("tim " + digest).kind == SaslStep::Kind::open);
    CHECK(exchange->has_response());
    CHECK(exchange->identities().empty());
}

TEST_CASE("SCRAM: the names are in the first message, with their escapes") {
    CHECK(scram("n,,n=user,r=fyko").identities == Names{"user"});
    CHECK(scram("y,a=other,n=user,r=fyko").identities == Names{"user", "other"});
    CHECK(scram("n,a==3Dx,n=a=2Cb=3Dc,r=x,e=1").identities == Names{"a,b=c", "=x"});
    CHECK(scram("n,,n=user,r=").open());
    for (const auto* wrong :
         {"p=tls-unique,,n=user,r=x", "n,,n=us=er,r=x", "n,,n=u=2c,r=x", "n,,n=u=2,r=x",
          "n,,m=x,n=user,r=x", "n,,n=user", "n,,r=x,n=user", "n,,n=,r=x", "n,a=,n=user,r=x",
          "n,b=x,n=user,r=x", "n,n=user,r=x", "N,,n=user,r=x", "n=user,r=x", "", "nn,,n=user,r=x",
          "n,,n=us\x01"
          "er,r=x"})
        CHECK(scram(wrong).malformed());
}

TEST_CASE("SCRAM: the proof is spoilt, and what stands before it is kept") {
    const auto login = played(Mechanism::scram_sha_1, {"n,,n=user,r=fyko", final_message});
    const auto before = final_message.size() - proof.size();
    CHECK(login.spoilt().substr(0, before) == final_message.substr(0, before));
    CHECK(login.spoilt().substr(before) != proof);
    CHECK(base64_decode(login.spoilt().substr(before))->size() == 20);
    CHECK(login.spoilt().size() == final_message.size());
    CHECK(login.has_response);
}

TEST_CASE("SCRAM: one proof of the right size, at the end") {
    for (const std::string& wrong :
         {final_message + ",x=y", "c=biws,r=x,p=" + proof + ",p=" + proof,
          "c=biws,r=x,pp=,p=" + proof, "c=biws,r=x,p=Zm9v"s, "c=biws,r=x,p=!"s, "c=biws,r=x"s,
          "r=x,c=biws,p=" + proof, "c=biws,p=" + proof, "c=biws,r=x,p=" + proof + "\0"s, ""s}) {
        const auto login = played(Mechanism::scram_sha_1, {"n,,n=user,r=x", wrong});
        CHECK(login.malformed());
        CHECK_FALSE(login.has_response);
    }
    CHECK(played(Mechanism::scram_sha_256, {"n,,n=user,r=x", final_message}).malformed());
    const std::string larger = "c=biws,r=x,e=1,p=" + base64_encode(std::string(32, 'p'));
    CHECK(played(Mechanism::scram_sha_256, {"n,,n=user,r=x", larger}).spoilt().size() ==
          larger.size());
}

TEST_CASE("SCRAM: behind the proof there is an empty response alone") {
    const auto done = played(Mechanism::scram_sha_1, {"n,,n=user,r=x", final_message, ""});
    CHECK(done.open());
    CHECK_FALSE(done.has_response);
    CHECK(played(Mechanism::scram_sha_1, {"n,,n=user,r=x", final_message, "x"}).malformed());
}

TEST_CASE("XOAUTH2: each user that is written counts, and each token is spoilt") {
    const auto login = played(Mechanism::xoauth2, {"user=bob@x\1auth=Bearer ya29.tok\1\1"s});
    CHECK(login.identities == Names{"bob@x"});
    CHECK(login.spoilt().starts_with("user=bob@x\1auth=Bearer "s));
    CHECK(login.spoilt().ends_with("\1\1"s));
    CHECK(login.spoilt().find("ya29.tok") == std::string::npos);
    CHECK(login.has_response);
    const auto two =
        played(Mechanism::xoauth2, {"user=a\1auth=bearer one\1USER=b\1auth=Basic dHdv\1\1"s});
    CHECK(two.identities == Names{"a", "b"});
    CHECK(two.spoilt().find("one") == std::string::npos);
    CHECK(two.spoilt().find("dHdv") == std::string::npos);
}

TEST_CASE("a name that an upstream may make another one of is malformed") {
    for (const std::string& message :
         {"\0\0secret"s, "bob@example.com\0\0secret"s, "\0bob@example.com \0secret"s,
          "\0 bob@example.com\0secret"s, " eve\0bob\0secret"s})
        CHECK(played(Mechanism::plain, {message}).malformed());
    const auto nobody = played(Mechanism::login, {""});
    CHECK(nobody.open());
    CHECK_FALSE(nobody.has_response);
    for (const char* name : {" bob", "bob "}) CHECK(played(Mechanism::login, {name}).malformed());
    CHECK(played(Mechanism::scram_sha_1, {"n,,n=bob ,r=x"}).malformed());
    CHECK(played(Mechanism::xoauth2, {"user=bob \1user=eve\1auth=Bearer tok\1\1"s}).malformed());
    CHECK(played(Mechanism::cram_md5, {"bob  0123456789abcdef0123456789abcdef"}).malformed());
}

TEST_CASE("XOAUTH2: a token of nobody cannot be judged, nor what holds none that is known") {
    CHECK(played(Mechanism::xoauth2, {"auth=Bearer tok\1\1"s}).malformed());
    CHECK(played(Mechanism::xoauth2, {"user=\1auth=Bearer tok\1\1"s}).malformed());
    CHECK(played(Mechanism::xoauth2, {"user=a\0b\1auth=Bearer tok\1\1"s}).malformed());
    CHECK(played(Mechanism::xoauth2, {"user=bob\1\1"s}).malformed());
    CHECK(played(Mechanism::xoauth2, {"user=bob\1auth =Bearer tok\1\1"s}).malformed());
    CHECK(played(Mechanism::xoauth2, {"user=bob\1token=tok\1\1"s}).malformed());
    CHECK(played(Mechanism::xoauth2, {"user=bob\1auth=Bearer \1\1"s}).malformed());
    CHECK(played(Mechanism::xoauth2, {"user=bob\1auth=Bearer tok\1auth=\1\1"s}).malformed());
    CHECK(played(Mechanism::xoauth2, {""}).open());
}

TEST_CASE("OAUTHBEARER: the user is in the header, with the escapes of SCRAM") {
    const auto login =
        played(Mechanism::oauthbearer, {"n,a=b=2Cc@x,\1host=h\1port=143\1auth=Bearer tok.en\1\1"s});
    CHECK(login.identities == Names{"b,c@x"});
    CHECK(login.spoilt().starts_with("n,a=b=2Cc@x,\1host=h\1port=143\1auth=Bearer "s));
    CHECK(login.spoilt().find("tok") == std::string::npos);
    for (const std::string& wrong :
         {"n,,\1auth=Bearer tok\1\1"s, "n,a=u\1auth=Bearer tok\1\1"s, "p=x,a=u,\1auth=Bearer t\1"s,
          "n,,a=u,\1auth=Bearer tok\1\1"s, "n,a=u=,\1auth=Bearer t\1\1"s, "auth=Bearer tok\1\1"s,
          "n,a=u,auth=Bearer tok\1\1"s, "n,a=u\1x,\1user=v\1auth=Bearer tok\1\1"s})
        CHECK(played(Mechanism::oauthbearer, {wrong}).malformed());
    const auto both = played(Mechanism::oauthbearer, {"n,a=one,\1user=two\1auth=Bearer tok\1\1"s});
    CHECK(both.identities == Names{"one", "two"});
}

TEST_CASE("OAuth: what follows a refusal is an empty response, or a lone separator") {
    for (const auto mechanism : {Mechanism::xoauth2, Mechanism::oauthbearer}) {
        const std::string message = mechanism == Mechanism::xoauth2
                                        ? "user=u\1auth=Bearer tok\1\1"s
                                        : "n,a=u,\1auth=Bearer tok\1\1"s;
        CHECK(played(mechanism, {message, ""}).open());
        CHECK(played(mechanism, {message, "\1"}).open());
        CHECK(played(mechanism, {message, message}).malformed());
        CHECK_FALSE(played(mechanism, {message, ""}).has_response);
    }
}

}  // namespace smtpblock::smtp
