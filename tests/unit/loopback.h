// What the tests of daemon/net stand on: a server that runs in a thread of its own, clients with
// blocking sockets and a deadline, and an upstream that does as it is told. Loopback and free ports
// only.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/guard/log.h"
#include "daemon/net/server.h"
#include "unit/temporary_directory.h"

namespace smtpblock::test {

inline constexpr int patience_seconds = 20;

/// One end of a TCP connection, blocking, with a deadline on everything.
class Peer {
public:
    explicit Peer(int socket) : socket_(socket) {
        const timeval patience{patience_seconds, 0};
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    }
    Peer(Peer&& other) noexcept
        : socket_(std::exchange(other.socket_, -1)), unread_(std::move(other.unread_)) {}
    ~Peer() { close(); }

    static Peer to(std::uint16_t port, int socket = -1) {
        Peer peer(socket >= 0 ? socket : ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(connect(peer.socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        return peer;
    }

    int descriptor() const { return socket_; }
    void close() {
        if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    }
    /// Ends the connection with a reset.
    void reset() {
        const linger at_once{1, 0};
        setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }
    void half_close() { shutdown(socket_, SHUT_WR); }

    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    /// What goes out without waiting.
    std::size_t send_what_fits(std::string_view bytes) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        return sent > 0 ? static_cast<std::size_t>(sent) : 0;
    }
    bool receive() {
        std::array<char, 65536> part;
        const auto octets = recv(socket_, part.data(), part.size(), 0);
        if (octets <= 0) return false;
        unread_.append(part.data(), static_cast<std::size_t>(octets));
        return true;
    }
    /// The next line without CRLF; empty at the end of the connection.
    std::string line() {
        std::size_t end = 0;
        while ((end = unread_.find("\r\n")) == std::string::npos)
            if (!receive()) return {};
        std::string out = unread_.substr(0, end);
        unread_.erase(0, end + 2);
        return out;
    }
    /// The last line of the next reply.
    std::string reply() {
        std::string last = line();
        while (last.size() > 3 && last[3] == '-') last = line();
        return last;
    }
    std::string say(const std::string& command) {
        send(command + "\r\n");
        return reply();
    }
    /// All until the other side ends.
    std::string rest() {
        while (receive()) {
        }
        return std::exchange(unread_, {});
    }
    bool at_end() { return unread_.empty() && !receive(); }

private:
    int socket_;
    std::string unread_;
};

/// Listens on a free port of 127.0.0.1.
class PeerListener {
public:
    PeerListener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const timeval patience{patience_seconds, 0};
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        REQUIRE(bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
        REQUIRE(listen(socket_, 16) == 0);
        REQUIRE(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port_ = ntohs(address.sin_port);
    }
    ~PeerListener() {
        shutdown(socket_, SHUT_RDWR);
        close(socket_);
    }
    PeerListener(const PeerListener&) = delete;

    std::uint16_t port() const { return port_; }
    /// The next connection; its descriptor is -1 when none comes.
    Peer accept() { return Peer(accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)); }

    /// Answers the daemon's question how this upstream greets.
    void be_learnt(const std::string& keywords = "250-PIPELINING\r\n250 8BITMIME\r\n") {
        Peer peer = accept();
        greet(peer, keywords);
        peer.line();  // QUIT
        peer.send("221 bye\r\n");
    }
    /// Up to where commands are taken.
    static void greet(Peer& peer, const std::string& keywords = "250 PIPELINING\r\n") {
        peer.send("220 mx.upstream.example ESMTP\r\n");
        CHECK(peer.line().starts_with("EHLO "));
        peer.send("250-mx.upstream.example\r\n" + keywords);
    }

private:
    int socket_;
    std::uint16_t port_ = 0;
};

/// Lets everybody pass, and counts what it is told.
class OpenPolicy : public smtp::Policy {
public:
    smtp::LoginVerdict check_login(const smtp::Subject& subject, std::size_t) override {
        return {check(smtp::Moment::auth, subject), true};
    }
    Verdict check(smtp::Moment, const smtp::Subject&) override {
        if (fails) throw std::runtime_error("planted");
        return Verdict::pass;
    }
    void authenticated(const smtp::Subject&, smtp::LoginResult result) override {
        logins += result == smtp::LoginResult::accepted ? 1 : 0;
    }
    void accepted(const smtp::Subject&, std::string_view) override { ++messages; }
    void note(const smtp::Subject&, std::string_view, std::string_view) override {}

    std::atomic<bool> fails = false;
    std::atomic<int> messages = 0;
    std::atomic<int> logins = 0;
};

/// A server with one listener on 127.0.0.1, in a thread of its own; drained when it goes.
class RunningServer {
public:
    net::ServerOptions options;
    net::ListenerOptions listener;
    OpenPolicy policy;

    explicit RunningServer(UpstreamAddress upstream) {
        listener.listen = {*ListenAddress::parse("127.0.0.1:0")};
        listener.upstreams = {std::move(upstream)};
        listener.session.listener = "mx";
        listener.session.hostname = "front.example.org";
        listener.session.rcpt_reply = "554 5.7.1 <{rcpt}>: no";
        listener.session.defer_reply = "450 4.7.1 <{rcpt}>: no";
        listener.session.keyed_hash = [](std::string_view) {
            return std::array<unsigned char, 32>{};
        };
        options.drain = std::chrono::seconds(0);
        log_ = open((directory_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    ~RunningServer() {
        stop();
        close(log_);
    }

    /// `until_ready` runs while the server asks the upstream how it greets.
    void start(const std::function<void()>& until_ready = [] {}) {
        writer_.emplace(log_, guard::LogLevel::debug, false);
        server_.emplace(options, *writer_);
        const auto bound = server_->listen({listener}, policies());
        REQUIRE(bound);
        port_ = server_->endpoints().front().port;
        thread_ = std::thread(
            [this] { server_->run([this] { ready_.set_value(); }, [](std::chrono::seconds) {}); });
        until_ready();
        REQUIRE(ready_.get_future().wait_for(std::chrono::seconds(patience_seconds)) ==
                std::future_status::ready);
    }
    /// The one policy, for all threads.
    net::PolicyFactory policies() {
        return [this](std::size_t) {
            return std::shared_ptr<smtp::Policy>(std::shared_ptr<void>(), &policy);
        };
    }
    std::uint16_t port() const { return port_; }
    net::Server& server() { return *server_; }
    Peer client() const {
        Peer peer = Peer::to(port_);
        CHECK(peer.reply().starts_with("220 "));
        return peer;
    }
    /// Waits for its end.
    void join() { thread_.join(); }
    void stop() {
        if (server_) server_->drain();
        if (thread_.joinable()) thread_.join();
        server_.reset();
    }
    std::string log() const { return contents(directory_ / "log"); }
    const TemporaryDirectory& directory() const { return directory_; }

private:
    TemporaryDirectory directory_;
    int log_ = -1;
    std::optional<guard::Log> writer_;
    std::optional<net::Server> server_;
    std::promise<void> ready_;
    std::thread thread_;
    std::uint16_t port_ = 0;
};

inline UpstreamAddress smtp_upstream(std::uint16_t port) {
    return *UpstreamAddress::parse("127.0.0.1:" + std::to_string(port));
}

}  // namespace smtpblock::test
