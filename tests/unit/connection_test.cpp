#include "daemon/net/connection.h"

#include <dirent.h>
#include <netinet/tcp.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "common/base64.h"
#include "daemon/maildir/delivery.h"
#include "unit/loopback.h"

namespace smtpblock::net {
namespace {

using test::Peer;
using test::PeerListener;
using test::RunningServer;

std::uint16_t port_of(int socket, decltype(&getsockname) whose) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (whose(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
    return address.sin_family == AF_INET ? ntohs(address.sin_port) : std::uint16_t{0};
}

/// The sockets of this process that are connected, by the port of one of their ends.
std::vector<int> connected(std::uint16_t port, decltype(&getsockname) whose) {
    std::vector<int> out;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        const int descriptor = std::stoi(entry.path().filename().string());
        if (port_of(descriptor, &getpeername) != 0 && port_of(descriptor, whose) == port)
            out.push_back(descriptor);
    }
    return out;
}

bool has_no_delay(int socket) {
    int value = 0;
    socklen_t size = sizeof value;
    REQUIRE(getsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &value, &size) == 0);
    return value != 0;
}

/// A session that has come to 354, and its upstream.
struct Streaming {
    PeerListener listener;
    RunningServer server{test::smtp_upstream(listener.port())};
    std::optional<Peer> client;
    std::optional<Peer> upstream;

    Streaming() {
        server.start([&] { listener.be_learnt(); });
        client.emplace(server.client());
        client->say("EHLO client.example.net");
        client->send("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
        upstream.emplace(listener.accept());
        PeerListener::greet(*upstream);
        CHECK(upstream->line() == "MAIL FROM:<a@example.com>");
        CHECK(upstream->line() == "RCPT TO:<b@example.org>");
        CHECK(upstream->line() == "DATA");
        upstream->send("250 ok\r\n250 ok\r\n354 go on\r\n");
        CHECK(client->reply() == "250 2.1.0 Ok");
        CHECK(client->reply() == "250 ok");
        CHECK(client->reply().starts_with("354 "));
    }
};

}  // namespace

TEST_CASE("a message goes through to a server over TCP, without Nagle on either side") {
    Streaming session;
    const auto accepted = connected(session.server.port(), &getsockname);
    REQUIRE(accepted.size() == 1);
    CHECK(has_no_delay(accepted.front()));
    const auto made = connected(session.listener.port(), &getpeername);
    REQUIRE(made.size() == 1);
    CHECK(has_no_delay(made.front()));

    session.client->send("Subject: x\r\n\r\n..y\r\n.\r\nQUIT\r\n");
    for (const char* line : {"Subject: x", "", "..y", "."}) CHECK(session.upstream->line() == line);
    session.upstream->send("250 taken\r\n");
    CHECK(session.client->reply() == "250 taken");
    CHECK(session.client->reply().starts_with("221 "));
    CHECK(session.client->at_end());
    CHECK(session.upstream->line() == "QUIT");
    session.upstream->send("221 bye\r\n");
    CHECK(session.upstream->at_end());
    CHECK(session.server.policy.messages == 1);
}

TEST_CASE("a client is held back by an upstream that does not read, and nothing is lost") {
    Streaming session;
    const std::string line = std::string(998, 'x') + "\r\n";
    // What fits into the kernel's buffers on both ways, and no more: the daemon keeps 128 KiB.
    constexpr std::size_t bound = 64 * 1024 * 1024;
    std::size_t sent = 0;
    int refused_in_a_row = 0;
    std::string pending;
    while (sent < bound && refused_in_a_row < 50) {
        if (pending.empty()) pending = line;
        const std::size_t octets = session.client->send_what_fits(pending);
        sent += octets;
        pending.erase(0, octets);
        refused_in_a_row = octets == 0 ? refused_in_a_row + 1 : 0;
        if (octets == 0) {
            // Until it can be sent again; that it cannot is what is expected in the end.
            pollfd writable{session.client->descriptor(), POLLOUT, 0};
            if (poll(&writable, 1, 100) == 0) break;
        }
    }
    CHECK(sent < bound);

    std::size_t arrived = 0;
    std::thread reader([&] {
        for (std::string got = session.upstream->line(); got != ".";
             got = session.upstream->line()) {
            if (got.empty()) break;
            arrived += got.size() + 2;
        }
        session.upstream->send("250 taken\r\n");
    });
    CHECK(session.client->send(pending + ".\r\n"));
    CHECK(session.client->reply() == "250 taken");
    reader.join();
    CHECK(arrived == sent + pending.size());
}

TEST_CASE("an upstream is held back by a client that does not read") {
    PeerListener listener;
    RunningServer server(test::smtp_upstream(listener.port()));
    server.start([&] { listener.be_learnt(); });
    Peer client = server.client();
    client.say("EHLO client.example.net");
    // Answers pile up: after a while nothing more is read of such a client.
    const std::string commands = []() {
        std::string out;
        for (int i = 0; i < 1000; ++i) out += "NOOP\r\n";
        return out;
    }();
    std::size_t sent = 0;
    for (;;) {
        const std::size_t octets = client.send_what_fits(commands);
        sent += octets;
        if (octets > 0) continue;
        pollfd writable{client.descriptor(), POLLOUT, 0};
        if (poll(&writable, 1, 100) == 0) break;
        REQUIRE(sent < 256 * 1024 * 1024);
    }
    CHECK(client.reply() == "250 2.0.0 Ok");
}

TEST_CASE("an upstream that is lost in a message is a temporary failure") {
    for (const bool reset : {false, true}) {
        Streaming session;
        session.client->send("half a message\r\n");
        CHECK(session.upstream->line() == "half a message");
        if (reset)
            session.upstream->reset();
        else
            session.upstream->close();
        session.client->send("the rest\r\n.\r\n");
        CHECK(session.client->reply().starts_with("451 4."));
    }
}

TEST_CASE("an upstream that refuses the connection is a temporary failure, at start too") {
    std::uint16_t nobodys_port = 0;
    {
        const PeerListener gone;
        nobodys_port = gone.port();
    }
    RunningServer server(test::smtp_upstream(nobodys_port));
    server.start();
    Peer client = server.client();
    client.say("EHLO client.example.net");
    client.say("MAIL FROM:<a@example.com>");
    CHECK(client.say("RCPT TO:<b@example.org>").starts_with("451 4.3.0"));
    CHECK(server.log().find("upstream listener=mx") != std::string::npos);
    CHECK(server.log().find("state=unreachable detail=\"Connection refused\"") !=
          std::string::npos);
}

TEST_CASE("of a message whose client vanished the upstream gets no end") {
    for (const bool reset : {false, true}) {
        Streaming session;
        session.client->send("half a message\r\n");
        CHECK(session.upstream->line() == "half a message");
        if (reset)
            session.client->reset();
        else
            session.client->close();
        CHECK(session.upstream->rest().empty());
        CHECK(session.server.policy.messages == 0);
    }
}

TEST_CASE("a client that half-closes gets the answers to what he sent") {
    PeerListener listener;
    RunningServer server(test::smtp_upstream(listener.port()));
    server.start([&] { listener.be_learnt(); });
    Peer client = server.client();
    client.send("NOOP\r\nNOOP\r\n");
    client.half_close();
    CHECK(client.rest() == "250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n");
}

TEST_CASE("a client that is sent away while he talks can read why") {
    PeerListener listener;
    RunningServer server(test::smtp_upstream(listener.port()));
    server.start([&] { listener.be_learnt(); });
    for (int i = 0; i < 20; ++i) {
        Peer client = server.client();
        client.send("GET / HTTP/1.1\r\n" + std::string(50000, 'x') + "\r\n");
        client.send(std::string(100000, 'y'));
        CHECK(client.reply().starts_with("421 4.7.0 "));
        CHECK(client.at_end());
    }
}

TEST_CASE("what goes wrong inside one session ends that session only") {
    PeerListener listener;
    RunningServer server(test::smtp_upstream(listener.port()));
    server.start([&] { listener.be_learnt(); });
    Peer other = server.client();
    Peer client = server.client();
    client.say("EHLO client.example.net");
    client.say("MAIL FROM:<a@example.com>");
    server.policy.fails = true;
    client.send("RCPT TO:<b@example.org>\r\n");
    CHECK(client.at_end());
    CHECK(other.say("NOOP") == "250 2.0.0 Ok");
    CHECK(server.log().find("event=failed detail=planted") != std::string::npos);
}

TEST_CASE("the embedded Maildir is an upstream like another") {
    RunningServer server(UpstreamAddress::maildir(""));
    server.listener.maildir.directory = server.directory() / "mail";
    server.listener.maildir.hostname = "mx.maildir.example";
    // "right"
    server.listener.maildir.accounts = {
        {"bob@example.com",
         "$6$saltsalt$gzY3OAolfMFSB9Ld7iMdOQlViFqO3IOPeU0zkHsD.58tcMxRAFD0Qjfi2sjus3i."
         "8aqWarEvFPREqzp18Jm291"}};
    server.listener.maildir.needs_auth = true;
    REQUIRE(maildir::prepare(server.listener.maildir.directory));
    server.start();
    Peer client = server.client();
    CHECK(client.say("EHLO client.example.net") == "250 SMTPUTF8");
    const std::string nul(1, '\0');
    CHECK(client.say("AUTH PLAIN " + base64_encode(nul + "bob@example.com" + nul + "right")) ==
          "235 2.7.0 Authentication successful");
    CHECK(client.say("MAIL FROM:<bob@example.com>").starts_with("250 "));
    CHECK(client.say("RCPT TO:<alice@example.org>").starts_with("250 "));
    CHECK(client.say("DATA").starts_with("354 "));
    std::string body;
    for (int i = 0; i < 20000; ++i) body += std::to_string(i) + " a line of some length\r\n";
    client.send(body + ".\r\n");
    CHECK(client.reply().starts_with("250 2.0.0 Ok: queued as "));
    const std::filesystem::directory_iterator files(server.listener.maildir.directory + "/new");
    const std::string message = test::contents(files->path().string());
    CHECK(message.starts_with("Return-Path: <bob@example.com>\nDelivered-To: alice@example.org\n"));
    CHECK(message.find("([127.0.0.1])") != std::string::npos);
    CHECK(message.ends_with("\n19999 a line of some length\n"));

    client.say("MAIL FROM:<bob@example.com>");
    client.say("RCPT TO:<alice@example.org>");
    client.say("DATA");
    client.send("half");
    client.close();
    Peer after = server.client();
    CHECK(after.say("NOOP").starts_with("250 "));
    server.stop();
    CHECK(std::filesystem::is_empty(server.listener.maildir.directory + "/tmp"));
}

}  // namespace smtpblock::net
