#include "common/write_deadline.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <thread>

#include "common/store.h"
#include "unit/store_support.h"

namespace smtpblock {
namespace {

using namespace test;

volatile sig_atomic_t own_alarms = 0;

void count_alarm(int) {
    own_alarms = own_alarms + 1;
}

TEST_CASE("a deadline is an alarm, and leaves nothing of itself") {
    struct sigaction own {};
    own.sa_handler = count_alarm;
    struct sigaction before {};
    ::sigaction(SIGALRM, &own, &before);
    {
        const WriteDeadline deadline("/store");
        const unsigned left = ::alarm(static_cast<unsigned>(write_patience.count()));
        CHECK(left >= write_patience.count() - 1);
        CHECK(left <= write_patience.count());
    }
    CHECK(::alarm(0) == 0);
    ::raise(SIGALRM);
    CHECK(own_alarms == 1);
    ::sigaction(SIGALRM, &before, nullptr);
}

/// True while that process catches SIGALRM.
bool catches_alarm(pid_t pid) {
    std::ifstream status(fmt::format("/proc/{}/status", pid));
    const std::string caught = "SigCgt:";
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(caught))
            return (std::stoull(line.substr(caught.size()), nullptr, 16) >> (SIGALRM - 1) & 1U) !=
                   0;
    return false;
}

/// A writer that stopped within its edit, and one that waits for it.
struct Stopped {
    TestStore store;
    Pipe begun;
    Process writer{[this] {
        return edit_here(store.paths, [this](Edit&) {
            begun.signal();
            ::pause();
            return Result<void>();
        });
    }};
    Pipe opened;
    Process waiting{[this] {
                        begun.wait();
                        auto other = StoreWriter::open(store.paths);
                        opened.signal();
                        return message((*other)->edit({"tester", noon}, EditVerb::add, [](Edit& e) {
                            return add_all(e, {rule_for(email("late@x.example"))});
                        }));
                    },
                    true};

    void check_told() {
        CHECK(waiting.says() ==
              "smtpblock: '" + store.paths.root() +
                  "': busy: another process has been writing for 10 s; nothing was changed; look "
                  "for a stopped smtpblock (ps -C smtpblock), then try again\n");
        CHECK(waiting.end() == 1);
        // Readers never wait.
        CHECK(verdict(*store.reader(), "late@x.example") == Verdict::pass);
    }
};

TEST_CASE("a writer whose time is up says so and ends with 1, having changed nothing") {
    Stopped stopped;
    stopped.opened.wait();
    const auto deadline = std::chrono::steady_clock::now() + write_patience;
    while (!catches_alarm(stopped.waiting.pid()) && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    stopped.waiting.kill(SIGALRM);  // as the kernel does when it is due
    stopped.check_told();
}

TEST_CASE("a writer gives up by itself when another one was stopped") {
    if (std::getenv("SMTPBLOCK_LONG") == nullptr) return;
    Stopped stopped;
    const auto began = std::chrono::steady_clock::now();
    stopped.check_told();
    CHECK(std::chrono::steady_clock::now() - began < write_patience + std::chrono::seconds(5));
}

}  // namespace
}  // namespace smtpblock
