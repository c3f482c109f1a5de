#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "daemon/dovecot/exchange.h"
#include "unit/toggled_policy.h"

namespace smtpblock::dovecot {
namespace {

constexpr const char* bob = R"({"login":"bob@example.com","protocol":"smtp"})";

/// As Dovecot 2.3.19 sends it.
std::string request(const std::string& body, const std::string& more = "",
                    const std::string& target = "/?command=allow") {
    return fmt::format(
        "POST {} HTTP/1.1\r\nHost: 127.0.0.1:4001\r\nDate: Thu, 26 Nov 2026 17:06:23 GMT\r\n"
        "User-Agent: dovecot/auth-policy-client\r\nContent-Length: {}\r\n"
        "Connection: Keep-Alive\r\nContent-Type: application/json\r\n{}\r\n{}",
        target, body.size(), more, body);
}

class Asking {
public:
    explicit Asking(Settings settings = {"dovecot", "example.com", {"smtp", "submission"}, {}})
        : exchange(std::make_shared<const Settings>(std::move(settings)), policy,
                   {"7f3a", "127.0.0.1"}) {}

    /// What is answered to these octets.
    std::string say(std::string_view octets) {
        exchange.on_bytes(octets);
        std::string out(exchange.output());
        exchange.on_written(out.size());
        return out;
    }
    /// The status, and what follows the head.
    std::string ask(std::string_view octets) {
        const std::string out = say(octets);
        if (out.size() < 12) return out;
        return out.substr(9, 3) + " " + out.substr(out.find("\r\n\r\n") + 4);
    }
    std::string status(std::string_view octets) { return ask(octets).substr(0, 3); }

    smtp::Toggled policy;
    Exchange exchange;
};

constexpr const char* yes = R"(200 {"status": 0})";
constexpr const char* no = R"(200 {"status":-1})";

}  // namespace

TEST_CASE("a blocked account is refused by a number alone") {
    Asking asking;
    const std::string passes = asking.say(request(bob));
    asking.policy.blocked = true;
    const std::string fails = asking.say(request(bob));
    CHECK(passes ==
          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n"
          R"({"status": 0})");
    CHECK(fails.size() == passes.size());
    CHECK(fails.ends_with(R"({"status":-1})"));
    CHECK(asking.policy.refused_user == "bob");
    CHECK_FALSE(asking.exchange.finished());
    CHECK(asking.exchange.take_complaints().empty());
}

TEST_CASE("only the listed protocols are judged, and those that are not told") {
    Asking asking({"dovecot", "", {"smtp", "imap"}, {}});
    asking.policy.blocked = true;
    CHECK(asking.ask(request(R"({"login":"bob","protocol":"imap"})")) == no);
    CHECK(asking.ask(request(R"({"login":"bob","protocol":"pop3"})")) == yes);
    CHECK(asking.ask(request(R"({"login":"bob","protocol":"submission"})")) == yes);
    CHECK(asking.ask(request(R"({"login":"bob","protocol":""})")) == yes);
    CHECK(asking.ask(request(R"({"login":"bob"})")) == no);
}

TEST_CASE("a report is taken and nothing else") {
    Asking asking;
    asking.policy.blocked = true;
    CHECK(asking.ask(request(R"({"login":"bob","success":true})", "", "/?command=report")) == yes);
    CHECK(asking.policy.refused_user.empty());
}

TEST_CASE("the command stands in the query, wherever Dovecot put it") {
    Asking asking;
    CHECK(asking.ask(request(bob, "", "/?x=y&command=allow")) == yes);
    for (const char* none : {"/", "/?", "/?command=", "/?command=allowed", "/?xcommand=allow",
                             "/?command=ALLOW", "/?&&"})
        CHECK(Asking().status(request(bob, "", none)) == "400");
}

TEST_CASE("requests come in any pieces, and many at once") {
    const std::string one = request(bob);
    for (std::size_t octets = 1; octets < one.size(); ++octets) {
        Asking asking;
        CHECK(asking.exchange.idle());
        CHECK(asking.say(one.substr(0, octets)).empty());
        CHECK_FALSE(asking.exchange.idle());
        CHECK(asking.ask(one.substr(octets)) == yes);
        CHECK(asking.exchange.idle());
    }
    Asking asking;
    std::string answers;
    for (char octet : one + one) answers += asking.say({&octet, 1});
    CHECK(answers == asking.say(one + one));
    asking.policy.blocked = true;
    const std::string third = asking.say(one + request(R"({"login":"x","protocol":"pop3"})") + one);
    CHECK(third.find("-1") < third.find(" 0}"));
    CHECK(third.find(" 0}") < third.rfind("-1"));
}

TEST_CASE("a body may come in chunks, and be waited for") {
    Asking asking;
    CHECK(asking.ask("POST /?command=allow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                     "Content-Type: application/json; charset=utf-8\r\n\r\n"
                     "b;x=y\r\n{\"login\":\"a\r\n2\r\n\"}\r\n0\r\nX-Trailer: y\r\n\r\n") == yes);
    const std::string waits = request(bob, "Expect: 100-continue\r\n");
    const auto head = waits.find("\r\n\r\n") + 4;
    CHECK(asking.say(waits.substr(0, head)) == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(asking.ask(waits.substr(head)) == yes);
}

TEST_CASE("whoever has not the key learns nothing") {
    Asking asking({"dovecot", "", {"smtp"}, ApiHeader{"X-API-Key", "secret"}});
    CHECK(asking.ask(request(bob, "x-api-key: secret\r\n")) == yes);
    CHECK(asking.ask(request(bob, "X-API-Key:  secret \r\n")) == yes);
    for (const char* other : {"", "X-API-Key: Secret\r\n", "X-API-Key:\r\n", "X-Key: secret\r\n"}) {
        Asking stranger({"dovecot", "", {"smtp"}, ApiHeader{"X-API-Key", "secret"}});
        const std::string refused = stranger.say(request(bob, other));
        CHECK(refused.starts_with("HTTP/1.1 401 Unauthorized\r\n"));
        CHECK(refused.find("Connection: close\r\n") != std::string::npos);
        CHECK(stranger.exchange.finished());
        const auto complaints = stranger.exchange.take_complaints();
        REQUIRE(complaints.size() == 1);
        CHECK(complaints[0].detail == "HTTP 401: not with the key of api_header");
        CHECK(stranger.say(request(bob, "X-API-Key: secret\r\n")).empty());
    }
}

TEST_CASE("the key is looked at before any of the body has come, and before all else") {
    const std::string post = "POST /?command=allow HTTP/1.1\r\nHost: x\r\n";
    for (const std::string& head :
         {post + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n",
          post + "Content-Type: application/json\r\nContent-Length: 100\r\n"
                 "Expect: 100-continue\r\n\r\n",
          post + "Transfer-Encoding: chunked\r\n\r\n",
          post + "Content-Length: 18446744073709551615\r\n\r\n", post + "\r\n",
          std::string("GET /?command=allow HTTP/1.1\r\n\r\n"),
          std::string("POST /other HTTP/1.0\r\n\r\n")}) {
        INFO(head);
        Asking stranger({"dovecot", "", {"smtp"}, ApiHeader{"X-API-Key", "secret"}});
        std::string pieces;
        for (const char octet : head.substr(0, head.size() - 1))
            pieces += stranger.say({&octet, 1});
        CHECK(pieces.empty());
        CHECK_FALSE(stranger.exchange.finished());
        CHECK(stranger.status("\n") == "401");
        CHECK(stranger.exchange.finished());
        Asking at_once({"dovecot", "", {"smtp"}, ApiHeader{"X-API-Key", "secret"}});
        CHECK(at_once.status(head + std::string(60000, 'x')) == "401");
        CHECK(at_once.exchange.finished());
    }
}

TEST_CASE("what a head alone shows is refused by it, and ends the connection") {
    const std::string json = "Content-Type: application/json\r\n";
    const std::string post = "POST /?command=allow HTTP/1.1\r\n";
    const std::string body = "Content-Length: 100\r\nExpect: 100-continue\r\n\r\n";
    const std::pair<const char*, std::string> refused[] = {
        {"405", "GET /?command=allow HTTP/1.1\r\nHost: x\r\n\r\n"},
        {"405", "PUT /?command=allow HTTP/1.1\r\n" + json + body},
        {"404", "POST /other?command=allow HTTP/1.1\r\n" + json + body},
        {"404", "POST //?command=allow HTTP/1.1\r\n" + json + body},
        {"415", post + body},
        {"415", post + "Content-Type: application/jsonx\r\n" + body},
        {"413", post + json + "Content-Length: 32769\r\nExpect: 100-continue\r\n\r\n"},
        {"413", post + json + "Content-Length: 18446744073709551615\r\n\r\n"},
        {"400", "POST / HTTP/1.1\r\n" + json + body},
    };
    for (const auto& [status, head] : refused) {
        INFO(head);
        Asking asking;
        const std::string answer = asking.say(head);
        CHECK(answer.substr(0, 12) == std::string("HTTP/1.1 ") + status);
        CHECK(answer.find("Connection: close\r\n") != std::string::npos);
        CHECK(answer.find("HTTP/1.1", 1) == std::string::npos);
        CHECK(asking.exchange.finished());
        CHECK(asking.exchange.take_complaints().size() == 1);
    }
}

TEST_CASE("a body that says nothing is refused, and the connection stays") {
    Asking asking;
    CHECK(asking.ask(request("{}")) == "400 no login\n");
    CHECK(asking.ask(request("")).starts_with("400 no JSON"));
    CHECK(asking.exchange.take_complaints().size() == 1);
    CHECK(asking.ask(request(bob)) == yes);
}

TEST_CASE("the longest names that Dovecot takes are taken") {
    Asking asking({"dovecot", "", {"smtp"}, ApiHeader{"X-API-Key", std::string(1000, 'k')}});
    const std::string name(12288, 'a');
    CHECK(asking.ask(request(fmt::format(R"({{"auth_user":"{0}","login":"{0}"}})", name),
                             "X-API-Key: " + std::string(1000, 'k') + "\r\n")) == yes);
}

TEST_CASE("a client that keeps no connection gets none") {
    for (const std::string& last :
         {request(bob, "Connection: close\r\n"),
          std::string("POST /?command=allow HTTP/1.0\r\nContent-Type: application/json\r\n"
                      "Content-Length: 13\r\n\r\n{\"login\":\"a\"}")}) {
        Asking asking;
        const std::string answer = asking.say(last + request(bob));
        CHECK(answer.find("Connection: close\r\n") != std::string::npos);
        CHECK(answer.ends_with(R"({"status": 0})"));
        CHECK(answer.find("HTTP/1.1", 1) == std::string::npos);
        CHECK(asking.exchange.finished());
    }
}

TEST_CASE("after other settings have come one more answer is given, and is the last") {
    Asking asking;
    CHECK(asking.ask(request(bob)) == yes);
    CHECK(asking.exchange.take_leave());
    CHECK_FALSE(asking.exchange.finished());
    const std::string answer = asking.say(request(bob) + request(bob));
    CHECK(answer.find("Connection: close\r\n") != std::string::npos);
    CHECK(answer.find("HTTP/1.1", 1) == std::string::npos);
    CHECK(asking.exchange.finished());
}

TEST_CASE("what is no HTTP, or too much of it, ends the connection") {
    const std::string post = "POST /?command=allow HTTP/1.1\r\n";
    const std::string chunked =
        post + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::pair<const char*, std::string> bad[] = {
        {"400", "EHLO client.example.net\r\n\r\n"},
        {"400", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15)},
        {"400", "POST / HTTP/2.0\r\n\r\n"},
        {"400", "POST / HTTP\r\n\r\n"},
        {"400", "POST / k\r\n\r\n"},
        {"400", post + "Content-Length: x\r\n\r\n"},
        {"400", post + "Content-Length: -1\r\n\r\n"},
        {"400", post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"},
        {"400", post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"400", post + "X\r\n\r\n"},
        {"400", post + "X: a\nY: b\r\n\r\n"},
        {"400", chunked + "x\r\n"},
        {"400", chunked + "1\r\nabc\r\n"},
        {"413", chunked + "fffffff\r\n"},
        {"413", chunked + "8000\r\n" + std::string(0x8000, 'x') + "\r\n1\r\n"},
        {"431", post + "X: " + std::string(2048, 'a')},
        {"431", post + "X: " + std::string(2048, 'a') + "\r\n\r\n"},
        {"431", std::string(2048, 'a')},
        {"431", chunked + "1;" + std::string(2048, 'a')},
        {"431", chunked + "0\r\nX: " + std::string(2048, 'a')},
    };
    for (const auto& [status, octets] : bad) {
        INFO(octets.substr(0, 100));
        Asking whole;
        CHECK(whole.status(octets) == status);
        CHECK(whole.exchange.finished());
        CHECK(whole.say(request(bob)).empty());
        Asking pieces;
        std::string answer;
        for (std::size_t at = 0; at < octets.size(); at += 7)
            answer += pieces.say(std::string_view(octets).substr(at, 7));
        CHECK(answer.substr(0, 12) == std::string("HTTP/1.1 ") + status);
        CHECK(pieces.exchange.finished());
    }
}

TEST_CASE("names are completed, and both of a login count") {
    class Seen : public smtp::Toggled {
    public:
        std::string users;
        Verdict check(smtp::Moment moment, const smtp::Subject& subject) override {
            users.clear();
            for (const Address& user : subject.users) users += user.text() + " ";
            users += subject.client;
            CHECK(moment == smtp::Moment::auth);
            CHECK(subject.ehlo_names.empty());
            return Verdict::trouble;
        }
    } seen;
    Exchange exchange(
        std::make_shared<const Settings>(Settings{"dovecot", "example.com", {"smtp"}, {}}), seen,
        {"1", "127.0.0.1"});
    const auto users = [&](const std::string& members) {
        exchange.on_bytes(request("{" + members + "}"));
        CHECK(exchange.output().ends_with(R"({"status":-1})"));  // no rules, no login
        exchange.on_written(exchange.output().size());
        return seen.users;
    };
    CHECK(users(R"("login":"bob")") == "bob@example.com unknown");
    CHECK(users(R"("login":"Bob","auth_user":"bob@example.com","remote":"192.0.2.7")") ==
          "bob@example.com 192.0.2.7");
    CHECK(users(R"("login":"bob@example.org","auth_user":"master","remote":"2001:db8::1")") ==
          "bob@example.org master@example.com 2001:db8::1");
    CHECK(users(R"("login":"","remote":"x y")") == "unknown");
}

}  // namespace smtpblock::dovecot
