#include "daemon/net/pulse.h"

#include <catch2/catch.hpp>
#include <chrono>

namespace smtpblock::net {

TEST_CASE("there is a sign of life only after every loop has come round") {
    using std::chrono::milliseconds;
    IoContext main_loop{1};
    IoContext other{1};
    int beats = 0;
    Pulse pulse({&main_loop, &other}, milliseconds(1), [&] { ++beats; });
    pulse.start();
    main_loop.run_for(milliseconds(20));
    CHECK(beats == 0);
    CHECK(other.poll() == 1);  // asked once, however long it has hung
    main_loop.run_one();
    while (beats == 0) main_loop.run_one();
    CHECK(beats == 1);
    while (beats < 3) {
        other.restart();
        other.poll();
        main_loop.run_one();
    }
    CHECK(beats == 3);
}

}  // namespace smtpblock::net
