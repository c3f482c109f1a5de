#include "daemon/smtp/reply_queue.h"

#include <catch2/catch.hpp>
#include <string>

namespace smtpblock::smtp {

TEST_CASE("answers leave in the order of their commands") {
    std::string out;
    ReplyQueue queue(out, 20);
    queue.say("250 mail\r\n");
    CHECK(out == "250 mail\r\n");
    const auto first = queue.promise();
    queue.say("554 blocked\r\n");
    const auto second = queue.promise();
    CHECK(queue.size() == 3);
    queue.answer(second, "354 go\r\n");
    CHECK(out == "250 mail\r\n");
    queue.answer(first, "250 rcpt\r\n");
    CHECK(out == "250 mail\r\n250 rcpt\r\n554 blocked\r\n354 go\r\n");
    CHECK(queue.empty());
}

TEST_CASE("places stay right after the queue has run empty") {
    std::string out;
    ReplyQueue queue(out, 20);
    for (int round = 0; round < 3; ++round) {
        const auto a = queue.promise();
        const auto b = queue.promise();
        queue.answer(a, "a");
        queue.answer(b, "b");
    }
    CHECK(out == "ababab");
}

TEST_CASE(
    "errors are counted as they are told, and behind the last nothing is but what is said then") {
    std::string out;
    ReplyQueue queue(out, 3);
    queue.refuse("500 one\r\n");
    const auto first = queue.promise();
    queue.refuse("500 three\r\n");
    const auto behind = queue.promise();
    queue.say("221 bye\r\n");
    queue.refuse(behind, "554 behind\r\n");
    CHECK_FALSE(queue.is_exhausted());
    queue.refuse(first, "554 two\r\n");
    CHECK(queue.is_exhausted());
    CHECK(queue.empty());
    queue.answer(behind, "250 late\r\n");
    queue.say("421 too many\r\n");
    CHECK(out == "500 one\r\n554 two\r\n500 three\r\n421 too many\r\n");
}

TEST_CASE("errors that are forgotten do not count") {
    std::string out;
    ReplyQueue queue(out, 2);
    queue.refuse("500 one\r\n");
    queue.forget_errors();
    queue.refuse("500 two\r\n");
    CHECK_FALSE(queue.is_exhausted());
    queue.refuse("500 three\r\n");
    CHECK(queue.is_exhausted());
}

}  // namespace smtpblock::smtp
