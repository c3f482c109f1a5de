#include "daemon/net/server.h"

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "unit/loopback.h"

namespace smtpblock::net {
namespace {

using test::Peer;
using test::PeerListener;
using test::RunningServer;

/// A server in front of a server that has been asked how it greets.
struct Front {
    PeerListener upstream;
    RunningServer server{test::smtp_upstream(upstream.port())};

    Front& start() {
        server.start([this] { upstream.be_learnt(); });
        return *this;
    }
};

/// The lowest descriptor that is free.
int next_descriptor() {
    const int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
    REQUIRE(lowest >= 0);
    close(lowest);
    return lowest;
}

/// Lets the process have no descriptor from `first` on.
class DescriptorLimit {
public:
    explicit DescriptorLimit(int first) {
        getrlimit(RLIMIT_NOFILE, &before_);
        rlimit limit = before_;
        limit.rlim_cur = static_cast<rlim_t>(first);
        REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    }
    ~DescriptorLimit() { setrlimit(RLIMIT_NOFILE, &before_); }
    DescriptorLimit(const DescriptorLimit&) = delete;

private:
    rlimit before_{};
};

}  // namespace

TEST_CASE("clients are greeted with the upstream's name once it is known") {
    Front front;
    front.server.start([&] {
        Peer early = Peer::to(front.server.port());  // queued, not greeted yet
        front.upstream.be_learnt();
        CHECK(early.reply() == "220 mx.upstream.example ESMTP");
    });
    const std::string log = front.server.log();
    CHECK(log.find("listen listener=mx address=127.0.0.1:" + std::to_string(front.server.port()) +
                   " direction=in upstream=smtp://127.0.0.1:") != std::string::npos);
    CHECK(log.find("state=learnt detail=mx.upstream.example") != std::string::npos);
}

TEST_CASE("IPv4 and IPv6 are listened on side by side") {
    Front front;
    front.server.listener.listen = {*ListenAddress::parse("127.0.0.1:0"),
                                    *ListenAddress::parse("[::1]:0")};
    front.start();
    const auto endpoints = front.server.server().endpoints();
    REQUIRE(endpoints.size() == 2);
    CHECK(endpoints[1].port != 0);
    Peer peer(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(endpoints[1].port);
    address.sin6_addr = in6addr_loopback;
    REQUIRE(connect(peer.descriptor(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    CHECK(peer.reply().starts_with("220 "));
}

TEST_CASE("an address that is taken is refused by name") {
    const PeerListener taken;
    RunningServer server(test::smtp_upstream(taken.port()));
    server.listener.listen = {*ListenAddress::parse("127.0.0.1:" + std::to_string(taken.port()))};
    guard::Log log(STDERR_FILENO, guard::LogLevel::error, false);
    Server other(server.options, log);
    const auto bound = other.listen({server.listener}, server.policies());
    REQUIRE_FALSE(bound);
    CHECK(bound.error().message == "cannot listen on 127.0.0.1:" + std::to_string(taken.port()) +
                                       ": Address already in use");
}

TEST_CASE("a client has no more sessions than he may, and gets one again when one has ended") {
    Front front;
    front.server.options.sessions_per_client = 2;
    front.start();
    Peer first = front.server.client();
    Peer second = front.server.client();
    for (int i = 0; i < 3; ++i) {
        Peer third = Peer::to(front.server.port());
        CHECK(third.reply() == "421 4.7.0 front.example.org Error: too many connections");
        CHECK(third.at_end());
    }
    CHECK(front.server.log().find("event=\"too many connections\"") != std::string::npos);
    CHECK(second.say("QUIT").starts_with("221 "));
    CHECK(second.at_end());
    CHECK(front.server.client().say("NOOP") == "250 2.0.0 Ok");
    CHECK(first.say("NOOP") == "250 2.0.0 Ok");
}

TEST_CASE("all clients together have no more sessions than there may be") {
    Front front;
    front.server.options.sessions = 1;
    front.start();
    Peer first = front.server.client();
    CHECK(Peer::to(front.server.port()).reply().starts_with("421 4.7.0 "));
}

TEST_CASE("out of descriptors, clients are turned away instead of waiting, and later served") {
    Front front;
    front.start();
    Peer served = front.server.client();
    // UBSan takes descriptors where it sees a type for the first time.
    CHECK(served.say("NOOP") == "250 2.0.0 Ok");
    std::vector<int> sockets;
    for (int i = 0; i < 5; ++i) sockets.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    {
        const DescriptorLimit limit(next_descriptor());
        std::vector<Peer> kept;  // closed, each would leave a descriptor for the next one
        for (const int socket : sockets) {
            kept.push_back(Peer::to(front.server.port(), socket));
            CHECK(kept.back().at_end());
        }
        CHECK(served.say("NOOP") == "250 2.0.0 Ok");
    }
    CHECK(front.server.client().say("NOOP") == "250 2.0.0 Ok");
    CHECK(front.server.log().find("event=\"cannot accept\" detail=\"Too many open files\"") !=
          std::string::npos);
}

TEST_CASE("draining, idle sessions end at once and nobody new is taken") {
    Front front;
    front.server.options.drain = std::chrono::seconds(test::patience_seconds);
    front.start();
    Peer idle = front.server.client();
    idle.say("EHLO client.example.net");
    Peer busy = front.server.client();
    busy.say("EHLO client.example.net");
    CHECK(busy.say("MAIL FROM:<a@example.com>").starts_with("250 "));
    front.server.server().drain();
    CHECK(idle.reply().starts_with("421 4.3.2 "));
    CHECK(idle.at_end());
    CHECK(busy.say("RSET").starts_with("250 "));
    CHECK(busy.reply().starts_with("421 4.3.2 "));
    CHECK(busy.at_end());
    front.server.join();
}

TEST_CASE("when the time to drain has passed, transactions end too") {
    Front front;
    front.server.options.drain = std::chrono::seconds(0);
    front.start();
    Peer busy = front.server.client();
    busy.say("EHLO client.example.net");
    CHECK(busy.say("MAIL FROM:<a@example.com>").starts_with("250 "));
    front.server.server().drain();
    CHECK(busy.reply().starts_with("421 4.3.2 "));
    CHECK(busy.at_end());
    front.server.join();
}

TEST_CASE("stopped at once, it ends whatever its sessions do") {
    Front front;
    front.start();
    Peer busy = front.server.client();
    busy.say("MAIL FROM:<a@example.com>");
    front.server.server().stop();
    front.server.join();
    front.server.stop();
    CHECK(busy.at_end());
}

}  // namespace smtpblock::net
