#include "daemon/guard/log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "unit/temporary_directory.h"

namespace smtpblock::guard {
namespace {

/// Both ends of a pipe or socket pair; the writing one is blocking, as standard error is.
struct Ends {
    std::array<int, 2> fds{-1, -1};

    static Ends pipe() {
        Ends ends;
        REQUIRE(::pipe2(ends.fds.data(), O_CLOEXEC) == 0);
        return ends;
    }
    static Ends sockets() {
        Ends ends;
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.fds.data()) == 0);
        return ends;
    }
    Ends() = default;
    Ends(Ends&& other) noexcept : fds(std::exchange(other.fds, {-1, -1})) {}
    ~Ends() {
        for (const int fd : fds)
            if (fd >= 0) close(fd);
    }

    int reading() const { return fds[0]; }
    int writing() const { return fds[1]; }
    /// All that lies there now.
    std::string read_all() const {
        std::string out;
        std::array<char, 65536> part;
        fcntl(reading(), F_SETFL, O_NONBLOCK);
        for (;;) {
            const auto octets = ::read(reading(), part.data(), part.size());
            if (octets <= 0) return out;
            out.append(part.data(), static_cast<std::size_t>(octets));
        }
    }
};

}  // namespace

TEST_CASE("a line is one line, and only what is grave enough is written") {
    const auto pipe = Ends::pipe();
    Log log(pipe.writing(), LogLevel::info, false);
    log.write(LogLevel::info, "block rule=1");
    log.write(LogLevel::debug, "never seen");
    log.write(LogLevel::error, "store state=trouble");
    CHECK(pipe.read_all() == "block rule=1\nstore state=trouble\n");
}

TEST_CASE("under the journal each line begins with its priority") {
    const auto pipe = Ends::pipe();
    Log log(pipe.writing(), LogLevel::debug, true);
    for (const auto level : {LogLevel::error, LogLevel::warning, LogLevel::info, LogLevel::debug})
        log.write(level, "x");
    CHECK(pipe.read_all() == "<3>x\n<4>x\n<6>x\n<7>x\n");
}

TEST_CASE("a log that nobody reads stops nobody, and says later what was lost") {
    for (const bool socket : {false, true}) {
        const auto ends = socket ? Ends::sockets() : Ends::pipe();
        Log log(ends.writing(), LogLevel::info, false);
        const std::string line(1000, 'x');
        std::size_t written = 0;
        while (log.dropped() == 0) {
            log.write(LogLevel::info, line);  // would hang here if it waited
            REQUIRE(++written < 10000);
        }
        log.write(LogLevel::info, line);
        const auto lost = log.dropped();
        CHECK(lost == 2);
        std::string all = ends.read_all();
        log.write(LogLevel::info, "after");
        all += ends.read_all();
        CHECK(all.ends_with(fmt::format("\nlog dropped={}\nafter\n", lost)));
        // No line is torn: what was begun is finished.
        const auto whole =
            all.substr(0, all.size() - fmt::format("log dropped={}\nafter\n", lost).size());
        CHECK(whole.size() % (line.size() + 1) == 0);
        CHECK(log.dropped() == 0);
    }
}

TEST_CASE("a line longer than a pipe takes at once is finished later, not torn") {
    const auto pipe = Ends::pipe();
    Log log(pipe.writing(), LogLevel::info, false);
    const std::string line(200000, 'y');  // a pipe holds 64 KiB
    log.write(LogLevel::info, line);
    CHECK(log.dropped() == 0);
    std::string all = pipe.read_all();
    for (int i = 0; i < 10 && all.size() < line.size() + 1; ++i) {
        log.write(LogLevel::info, "next");
        all += pipe.read_all();
    }
    CHECK(all.substr(0, line.size() + 1) == line + "\n");
}

TEST_CASE("lines of several threads are whole, and those of each are in order") {
    const test::TemporaryDirectory directory;
    constexpr int threads = 4;
    constexpr int lines = 500;
    const int fd = open((directory / "log").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0);
    {
        Log log(fd, LogLevel::info, false);
        std::vector<std::thread> writers;
        for (int thread = 0; thread < threads; ++thread)
            writers.emplace_back([&log, thread] {
                for (int i = 0; i < lines; ++i)
                    log.write(LogLevel::info,
                              fmt::format(
                                  "{} {} {}", thread, i,
                                  std::string(std::size_t{20} * static_cast<std::size_t>(i), 'x')));
            });
        for (std::thread& writer : writers) writer.join();
        CHECK(log.dropped() == 0);
    }
    close(fd);
    std::istringstream all(test::contents(directory / "log"));
    std::array<int, threads> next{};
    int wrong = 0;
    for (std::string line; std::getline(all, line);) {
        const int thread = line[0] - '0';
        REQUIRE((thread >= 0 && thread < threads));
        const int i = next[static_cast<std::size_t>(thread)]++;
        if (line != fmt::format("{} {} {}", thread, i,
                                std::string(std::size_t{20} * static_cast<std::size_t>(i), 'x')))
            ++wrong;
    }
    CHECK(wrong == 0);
    for (const int seen : next) CHECK(seen == lines);
}

TEST_CASE("a closed log harms nobody") {
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    auto pipe = Ends::pipe();
    close(std::exchange(pipe.fds[0], -1));
    Log log(pipe.writing(), LogLevel::info, false);
    log.write(LogLevel::info, "x");
    CHECK(log.dropped() == 1);
    std::signal(SIGPIPE, before);
}

TEST_CASE("the journal is known by the device and inode that systemd names") {
    const test::TemporaryDirectory directory;
    const int fd = open((directory / "log").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0);
    struct stat facts {};
    REQUIRE(fstat(fd, &facts) == 0);
    unsetenv("JOURNAL_STREAM");
    CHECK_FALSE(leads_to_journal(fd));
    setenv("JOURNAL_STREAM", fmt::format("{}:{}", facts.st_dev, facts.st_ino).c_str(), 1);
    CHECK(leads_to_journal(fd));
    setenv("JOURNAL_STREAM", "1:2", 1);
    CHECK_FALSE(leads_to_journal(fd));
    unsetenv("JOURNAL_STREAM");
    close(fd);
}

TEST_CASE("levels have the names that --log-level takes") {
    CHECK(log_level_of("warning") == LogLevel::warning);
    CHECK(log_level_of("debug") == LogLevel::debug);
    CHECK_FALSE(log_level_of("Warning"));
}

}  // namespace smtpblock::guard
