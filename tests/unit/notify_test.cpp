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
        CHECK(notify_service_manager("READY=1"));
        CHECK(manager.heard() == "READY=1");
        CHECK(manager.heard().empty());
    }
}

TEST_CASE("without a service manager nobody is told") {
    unsetenv("NOTIFY_SOCKET");
    CHECK_FALSE(notify_service_manager("READY=1"));
    for (const char* bad : {"", "/", "relative", "/nobody/is/here"}) {
        setenv("NOTIFY_SOCKET", bad, 1);
        CHECK_FALSE(notify_service_manager("READY=1"));
    }
    setenv("NOTIFY_SOCKET", ("/" + std::string(200, 'x')).c_str(), 1);
    CHECK_FALSE(notify_service_manager("READY=1"));
    unsetenv("NOTIFY_SOCKET");
}

}  // namespace smtpblock
