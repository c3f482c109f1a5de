#include "daemon/smtp/fifo.h"

#include <catch2/catch.hpp>
#include <memory>

namespace smtpblock::smtp {

TEST_CASE("what goes in first comes out first, and places count from the front") {
    Fifo<std::unique_ptr<int>> queue;
    int next_out = 0;
    for (int in = 0; in < 1000; ++in) {
        queue.push(std::make_unique<int>(in));
        REQUIRE(*queue.front() == next_out);
        REQUIRE(*queue[queue.size() - 1] == in);
        if (in % 3 != 0) REQUIRE(*queue.pop() == next_out++);
    }
    while (!queue.empty()) REQUIRE(*queue.pop() == next_out++);
    CHECK(next_out == 1000);
}

TEST_CASE("a queue that is never quite empty does not grow") {
    Fifo<int> queue;
    queue.push(0);
    for (int i = 0; i < 100000; ++i) {
        queue.push(i);
        queue.pop();
    }
    CHECK(queue.capacity() < 64);
}

}  // namespace smtpblock::smtp
