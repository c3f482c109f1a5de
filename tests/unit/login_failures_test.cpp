#include "daemon/smtp/login_failures.h"

#include <catch2/catch.hpp>

namespace smtpblock::smtp {

TEST_CASE("before a failure was seen, one is made up as Postfix and Dovecot have it") {
    const auto answer = LoginFailures().answer_to(Mechanism::plain);
    CHECK(answer.words == "535 5.7.8 Error: authentication failed: (reason unavailable)\r\n");
    CHECK(answer.delay == std::chrono::seconds(2));
    CHECK(answer.challenge.empty());
}

TEST_CASE("a failure is answered as it was seen last, by that mechanism or else by another") {
    LoginFailures failures;
    failures.learn(Mechanism::xoauth2, {"334 e30=\r\n", "535 no\r\n", std::chrono::seconds(1)});
    CHECK(failures.answer_to(Mechanism::xoauth2).challenge == "334 e30=\r\n");
    CHECK(failures.answer_to(Mechanism::plain).challenge.empty());
    CHECK(failures.answer_to(Mechanism::plain).words == "535 no\r\n");
    failures.learn(Mechanism::plain, {"", "535 never\r\n", std::chrono::seconds(3)});
    CHECK(failures.answer_to(Mechanism::plain).words == "535 never\r\n");
    CHECK(failures.answer_to(Mechanism::plain).delay == std::chrono::seconds(3));
}

TEST_CASE("other words are news once, and those of another thread take no others away") {
    LoginFailures one;
    LoginFailures other;
    one.learn(Mechanism::plain, {"", "535 plain\r\n", std::chrono::seconds(1)});
    one.learn(Mechanism::plain, {"", "535 plain\r\n", std::chrono::seconds(6)});
    other.learn(Mechanism::login, {"", "535 login\r\n", std::chrono::seconds(1)});
    const auto news = one.take_news();
    REQUIRE(news.size() == 1);
    CHECK(news[0].mechanism == Mechanism::plain);
    CHECK(one.take_news().empty());
    for (const auto& each : other.take_news()) one.adopt(each);
    for (const auto& each : news) other.adopt(each);
    for (const LoginFailures* failures : {&one, &other}) {
        CHECK(failures->answer_to(Mechanism::plain).words == "535 plain\r\n");
        CHECK(failures->answer_to(Mechanism::plain).delay == std::chrono::seconds(6));
        CHECK(failures->answer_to(Mechanism::login).words == "535 login\r\n");
    }
    CHECK(other.take_news().empty());
    one.learn(Mechanism::plain, {"", "535 plain\r\n", std::chrono::seconds(7)});
    CHECK(one.take_news().empty());
}

TEST_CASE("a failure that is larger than any real one is not learnt") {
    LoginFailures failures;
    failures.learn(Mechanism::plain, {"", std::string(5000, 'x'), {}});
    CHECK(failures.answer_to(Mechanism::plain).words.starts_with("535 5.7.8 "));
}

}  // namespace smtpblock::smtp
