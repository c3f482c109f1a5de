#include "cli/probe_connection.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "unit/temporary_directory.h"

using namespace smtpblock;
using namespace std::chrono_literals;

namespace {

std::string server_of(std::string_view written) {
    const auto server = ProbeServer::parse(written);
    return server ? server->text() : "refused";
}

/// A listening unix socket that nobody serves, but the kernel.
class Listener {
public:
    Listener() : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path().copy(address.sun_path, sizeof address.sun_path - 1);
        sockaddr_storage storage{};
        std::memcpy(&storage, &address, sizeof address);
        REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&storage), sizeof address) == 0);
        REQUIRE(::listen(socket_, 4) == 0);
    }
    ~Listener() { ::close(socket_); }

    std::string path() const { return folder_ / "socket"; }
    int accept() const { return ::accept(socket_, nullptr, nullptr); }

private:
    test::TemporaryDirectory folder_;
    int socket_;
};

}  // namespace

TEST_CASE("a server is a name, an address or a path, on port 25 unless it says another") {
    CHECK(server_of("mx.example.org") == "mx.example.org:25");
    CHECK(server_of("mx.example.org:587") == "mx.example.org:587");
    CHECK(server_of("192.0.2.7:2525") == "192.0.2.7:2525");
    CHECK(server_of("[2001:db8::1]") == "[2001:db8::1]:25");
    CHECK(server_of("[2001:db8::1]:587") == "[2001:db8::1]:587");
    CHECK(server_of("2001:db8::1") == "[2001:db8::1]:25");
    CHECK(server_of("::1") == "[::1]:25");
    CHECK(server_of("unix:/run/a:b") == "unix:/run/a:b");
    for (const char* wrong : {"", ":25", "mx:", "mx:0", "mx:65536", "mx:smtp", "mx:25x", "[::1",
                              "[::1]x", "[mx]:25", "a:b:25", "unix:", "[]:25"}) {
        CAPTURE(wrong);
        CHECK(server_of(wrong) == "refused");
    }
}

TEST_CASE("a server that is not there, and one that says nothing") {
    const test::TemporaryDirectory folder;
    const auto nobody =
        ProbeConnection::open(*ProbeServer::parse("unix:" + (folder / "none")), 10ms);
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error().code == ErrorCode::failed);
    CHECK(nobody.error().message.find("cannot connect: No such file") != std::string::npos);

    const Listener listener;
    auto silent = ProbeConnection::open(*ProbeServer::parse("unix:" + listener.path()), 10ms);
    REQUIRE(silent);
    const auto nothing = silent->receive();
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().message.find("no answer for") != std::string::npos);
}

TEST_CASE("a server that trickles is not waited for for ever") {
    const Listener listener;
    auto connection = ProbeConnection::open(*ProbeServer::parse("unix:" + listener.path()), 50ms);
    REQUIRE(connection);
    const int trickling = listener.accept();
    bool ended = false;
    for (int octets = 0; octets < 1'000'000 && !ended; ++octets) {
        REQUIRE(::send(trickling, "2", 1, MSG_NOSIGNAL) == 1);
        ended = !connection->receive();
    }
    CHECK(ended);
    ::close(trickling);
}

TEST_CASE("what is sent arrives, and the end of the connection is an empty answer") {
    const Listener listener;
    auto connection = ProbeConnection::open(*ProbeServer::parse("unix:" + listener.path()), 10s);
    REQUIRE(connection);
    const int server = listener.accept();
    REQUIRE(connection->send("QUIT\r\n"));
    std::string got(6, ' ');
    CHECK(::recv(server, got.data(), got.size(), MSG_WAITALL) == 6);
    CHECK(got == "QUIT\r\n");
    ::close(server);
    const auto end = connection->receive();
    REQUIRE(end);
    CHECK(end->empty());
}
