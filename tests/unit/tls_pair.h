// Both ends of a TLS connection in one thread, over a pair of sockets.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <string>

#include "daemon/net/tls/stream.h"

namespace smtpblock::test {

struct SocketPair {
    std::array<int, 2> sockets{-1, -1};

    SocketPair() {
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                           sockets.data()) == 0);
    }
    ~SocketPair() {
        for (const int socket : sockets)
            if (socket >= 0) close(socket);
    }
    SocketPair(const SocketPair&) = delete;
};

class TlsPair {
public:
    using State = tls::Stream::State;

    TlsPair(tls::Ssl server_ssl, tls::Ssl client_ssl)
        : server_handle(server_ssl.get()),
          client_handle(client_ssl.get()),
          server(std::move(server_ssl), pair_.sockets[0]),
          client(std::move(client_ssl), pair_.sockets[1]) {}

    /// Both handshakes, as far as they come; true when both are done.
    bool shake() {
        State left = State::wants_readable;
        State right = State::wants_readable;
        for (int i = 0; i < 20; ++i) {
            if (right != State::done && right != State::failed) right = client.handshake();
            if (left != State::done && left != State::failed) left = server.handshake();
            if (right == State::failed) break;
        }
        return left == State::done && right == State::done;
    }
    /// One octet each way, after which the client has its tickets.
    void talk() {
        std::size_t octets = 0;
        std::array<char, 4> buffer{};
        CHECK(server.write("s", octets) == State::done);
        CHECK(client.read(buffer.data(), buffer.size(), octets) == State::done);
        CHECK(client.write("c", octets) == State::done);
        CHECK(server.read(buffer.data(), buffer.size(), octets) == State::done);
        CHECK(octets == 4);
    }

private:
    SocketPair pair_;

public:
    SSL* const server_handle;
    SSL* const client_handle;
    tls::Stream server;
    tls::Stream client;
};

}  // namespace smtpblock::test
