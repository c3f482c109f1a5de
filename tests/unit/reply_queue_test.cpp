#include "daemon/smtp/reply_queue.h"

#include <catch2/catch.hpp>
#include <string>

namespace smtpblock::smtp {

TEST_CASE("answers leave in the order of their commands") {
    std::string out;
    ReplyQueue queue(out);
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
    ReplyQueue queue(out);
    for (int round = 0; round < 3; ++round) {
        const auto a = queue.promise();
        const auto b = queue.promise();
        queue.answer(a, "a");
        queue.answer(b, "b");
    }
    CHECK(out == "ababab");
}

TEST_CASE("what is cut off is not told, and what is said then is") {
    std::string out;
    ReplyQueue queue(out);
    const auto first = queue.promise();
    const auto second = queue.promise();
    const auto third = queue.promise();
    queue.say("250 noop\r\n");
    queue.cut_behind(second);
    CHECK(queue.size() == 2);
    queue.answer(third, "451 late\r\n");
    queue.say("421 bye\r\n");
    queue.answer(second, "554 second\r\n");
    queue.answer(first, "554 first\r\n");
    CHECK(out == "554 first\r\n554 second\r\n421 bye\r\n");
    queue.cut_behind(first);
    CHECK(queue.empty());
}

}  // namespace smtpblock::smtp
