// Each case in a process of its own: what is tested ends it.
#include "common/interruption.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <functional>
#include <string>

using namespace smtpblock;

namespace {

struct Ended {
    int status = -1;  ///< its exit status; -1: killed
    std::string said;
};

/// What becomes of a process that does `work` and would then exit with 0.
Ended run(const std::function<void()>& work) {
    std::array<int, 2> pipe{};
    REQUIRE(::pipe(pipe.data()) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_DFL);
        ::dup2(pipe[1], STDERR_FILENO);
        work();
        ::_exit(0);
    }
    ::close(pipe[1]);
    Ended ended;
    char c = 0;
    while (::read(pipe[0], &c, 1) == 1) ended.said += c;
    ::close(pipe[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFEXITED(status)) ended.status = WEXITSTATUS(status);
    return ended;
}

void say(void* text) {
    const std::string_view what(static_cast<const char*>(text));
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, what.data(), what.size());
}

std::array<char, 5> first{"one,"};
std::array<char, 5> second{"two,"};

}  // namespace

TEST_CASE("a signal ends a command with 130") {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        const Ended ended = run([signal] {
            end_when_interrupted();
            ::raise(signal);
        });
        CHECK(ended.status == 130);
        CHECK(ended.said.empty());
    }
}

TEST_CASE("a signal that was ignored stays ignored") {
    CHECK(run([] {
              ::signal(SIGINT, SIG_IGN);
              end_when_interrupted();
              ::raise(SIGINT);
          }).status == 0);
}

TEST_CASE("a signal waits for what must be whole") {
    const Ended ended = run([] {
        end_when_interrupted();
        const InterruptionsWait wait;
        ::raise(SIGINT);
        say(first.data());
    });
    CHECK(ended.said == "one,");
    CHECK(ended.status == 130);
}

TEST_CASE("an edit that was made is never denied") {
    const Ended ended = run([] {
        end_when_interrupted();
        {
            const InterruptionsWait wait;
            ::raise(SIGTERM);
            edit_was_made();
        }
        say(first.data());
    });
    CHECK(ended.status == 1);
    CHECK(ended.said ==
          "smtpblock: interrupted: the change was made, but not all of it was printed\n");
}

TEST_CASE("what was begun is put in order, what was ended is not") {
    const Ended ended = run([] {
        end_when_interrupted();
        const AtInterruption one(say, first.data());
        { const AtInterruption gone(say, second.data()); }
        const AtInterruption two(say, second.data());
        ::raise(SIGHUP);
    });
    CHECK(ended.said == "one,two,");
    CHECK(ended.status == 130);
}
