#include "daemon/notify.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "unit/temporary_directory.h"

namespace smtpblock {
namespace {

/// A service manager's socket; `name` with @ is an abstract one.
class Manager {
public:
    explicit Manager(const std::string& name)
        : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, name.data(), name.size());
        if (name.front() == '@') address.sun_path[0] = '\0';
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        REQUIRE(bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
        setenv("NOTIFY_SOCKET", name.c_str(), 1);
    }
    ~Manager() {
        unsetenv("NOTIFY_SOCKET");
        close(socket_);
    }
    Manager(const Manager&) = delete;

    std::string heard() const {
        std::array<char, 100> text{};
        const auto octets = recv(socket_, text.data(), text.size(), 0);
        return octets < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(octets));
    }

private:
    int socket_;
};

}  // namespace

TEST_CASE("the service manager is told over the socket that it names") {
    const test::TemporaryDirectory directory;
    for (const std::string& name :
         {directory / "notify", fmt::format("@smtpblock-test-{}", getpid())}) {
        const Manager manager(name);
        CHECK(notify_service_manager("READY=1").has_value());
        CHECK(manager.heard() == "READY=1");
        CHECK(manager.heard().empty());
    }
}

TEST_CASE("without a service manager nobody is told") {
    unsetenv("NOTIFY_SOCKET");
    CHECK(notify_service_manager("READY=1").has_value());
}

TEST_CASE("a service manager that cannot be told is an error that names its socket") {
    for (const char* bad : {"", "/", "relative", "vsock:2:1234"}) {
        setenv("NOTIFY_SOCKET", bad, 1);
        CHECK(notify_service_manager("READY=1").error().message ==
              fmt::format("NOTIFY_SOCKET: '{}': neither a path nor @ and a name; the service "
                          "manager hears nothing of us",
                          bad));
    }
    setenv("NOTIFY_SOCKET", "/nobody/is/here", 1);
    CHECK(notify_service_manager("READY=1").error().message ==
          "NOTIFY_SOCKET: '/nobody/is/here': No such file or directory; the service manager hears "
          "nothing of us");
    setenv("NOTIFY_SOCKET", ("/" + std::string(200, 'x')).c_str(), 1);
    CHECK_FALSE(notify_service_manager("READY=1").has_value());
    unsetenv("NOTIFY_SOCKET");
}

TEST_CASE("the watchdog is fed twice in its time, if it waits for this process") {
    using std::chrono::microseconds;
    const auto interval = [](const char* time, const std::string& process) {
        setenv("WATCHDOG_USEC", time, 1);
        if (!process.empty()) setenv("WATCHDOG_PID", process.c_str(), 1);
        auto out = watchdog_interval();
        unsetenv("WATCHDOG_USEC");
        unsetenv("WATCHDOG_PID");
        return out;
    };
    const std::string here = std::to_string(getpid());
    CHECK_FALSE(watchdog_interval()->has_value());
    CHECK(**interval("60000000", here) == std::chrono::seconds(30));
    CHECK(**interval("60000000", "") == std::chrono::seconds(30));
    CHECK_FALSE(interval("60000000", std::to_string(getppid()))->has_value());
    CHECK(**interval("1", here) == std::chrono::milliseconds(1));
    CHECK(**interval("18446744073709551614", here) == std::chrono::hours(1));
    for (const char* bad : {"", "0", "-1", "+1", " 1", "1s", "0x10", "18446744073709551615",
                            "18446744073709551616", "99999999999999999999999"}) {
        CAPTURE(bad);
        CHECK(interval(bad, here).error().message ==
              fmt::format("WATCHDOG_USEC: '{}': no time in microseconds; the service manager gets "
                          "no sign of life",
                          bad));
    }
    for (const char* bad : {"0", "-5", "self"})
        CHECK(interval("60000000", bad).error().message ==
              fmt::format(
                  "WATCHDOG_PID: '{}': no process; the service manager gets no sign of life", bad));
}

}  // namespace smtpblock
