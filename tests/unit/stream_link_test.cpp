#include "daemon/net/stream_link.h"

#include <sys/un.h>

#include <boost/asio/post.hpp>
#include <future>
#include <memory>

#include "daemon/net/tls/server.h"
#include "unit/loopback.h"
#include "unit/test_authority.h"
#include "unit/tls_peer.h"

namespace smtpblock::net {
namespace {

using test::Peer;
using test::PeerListener;
using test::TlsPeer;

/// What happened to a link.
struct Recorder : LinkEvents {
    std::string bytes;
    std::string_view last;  ///< where they were handed on
    int deliveries = 0;
    int connected = 0;
    int in_tls = 0;
    int writable = 0;
    int eofs = 0;
    int closes = 0;
    std::string why;
    std::function<void()> on_bytes = [] {};

    void on_link_connected(Link&) override { ++connected; }
    void on_link_tls(Link&) override { ++in_tls; }
    void on_link_bytes(Link&, std::string_view more) override {
        bytes += more;
        last = more;
        ++deliveries;
        on_bytes();
    }
    void on_link_writable(Link&) override { ++writable; }
    void on_link_eof(Link&) override { ++eofs; }
    void on_link_closed(Link&, std::string_view reason) override {
        ++closes;
        why = reason;
    }
};

/// A link that a client has connected to, and the client.
struct Accepted {
    IoContext io;
    Recorder happened;
    PeerListener listener;
    Peer client = Peer::to(listener.port());
    std::shared_ptr<StreamLink> link = make();

    ~Accepted() { link->close(); }

    std::shared_ptr<StreamLink> make() {
        const Peer accepted = listener.accept();
        return std::make_shared<StreamLink>(io, Descriptor(dup(accepted.descriptor())), AF_INET,
                                            happened);
    }
    /// Runs the event loop until `holds`.
    template <class Holds>
    void until(Holds holds) {
        const auto deadline =
            std::chrono::steady_clock::now() + std::chrono::seconds(test::patience_seconds);
        while (!holds()) {
            REQUIRE(std::chrono::steady_clock::now() < deadline);
            io.restart();
            io.run_one_for(std::chrono::milliseconds(100));
        }
    }
    /// Runs what can be run now.
    void settle() {
        io.restart();
        io.poll();
    }
};

/// The same in TLS.
struct Secured : Accepted {
    test::TemporaryDirectory directory;
    tls::TicketKeys keys{std::chrono::steady_clock::now()};
    std::unique_ptr<tls::Server> server;
    TlsPeer tls{std::move(client)};

    Secured() {
        test::TestAuthority authority(directory);
        auto loaded = tls::Server::load({authority.issue("a", {"mx.example.org"})}, "mx", keys);
        REQUIRE(loaded);
        server = *std::move(loaded);
    }
    void shake() {
        auto client_done = std::async(std::launch::async, [this] { return tls.shake(); });
        link->begin_tls(server->stream());
        until([&] { return happened.in_tls == 1; });
        REQUIRE(client_done.get());
        CHECK(happened.closes == 0);
    }
};

}  // namespace

TEST_CASE_METHOD(Secured, "bytes under TLS arrive as they were sent, both ways") {
    shake();
    link->read(true);
    CHECK(tls.send("EHLO x\r\n"));
    until([&] { return !happened.bytes.empty(); });
    CHECK(happened.bytes == "EHLO x\r\n");
    CHECK(link->write("250 ok\r\n") == 8);
    CHECK(tls.reply() == "250 ok");
}

TEST_CASE_METHOD(Secured, "many records are one event") {
    shake();
    for (int i = 0; i < 50; ++i) CHECK(tls.send(std::string(100, 'x')));
    link->read(true);
    until([&] { return happened.bytes.size() == 5000; });
    CHECK(happened.deliveries <= 2);  // a segment may come late
}

TEST_CASE_METHOD(Secured, "what TLS has taken off the socket is read when it is wanted again") {
    shake();
    std::string sent;
    for (int i = 0; sent.size() < 300000; ++i) sent += std::to_string(i);
    auto sender = std::async(std::launch::async, [&] { return tls.send(sent); });
    happened.on_bytes = [&] { link->read(false); };
    while (happened.bytes.size() < sent.size()) {
        const auto before = happened.deliveries;
        settle();
        CHECK(happened.deliveries == before);  // nothing is handed on that nobody wants
        link->read(true);
        until([&] { return happened.deliveries > before; });
    }
    CHECK(sender.get());
    CHECK(happened.bytes == sent);
}

TEST_CASE_METHOD(Secured, "a client that reads slowly gets it all") {
    shake();
    std::string text;
    for (int i = 0; text.size() < 20000000; ++i) text += std::to_string(i) + "\r\n";
    std::size_t written = link->write(text);
    CHECK(written < text.size());
    auto received = std::async(std::launch::async, [&] { return tls.receive(text.size()); });
    while (written < text.size()) {
        const int before = happened.writable;
        until([&] { return happened.writable > before; });
        written += link->write(std::string_view(text).substr(written));
    }
    until([&] { return received.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
    CHECK(received.get() == text);
}

TEST_CASE_METHOD(Secured, "the end of TLS is an end, with and without a close_notify") {
    const bool notified = GENERATE(true, false);
    shake();
    link->read(true);
    CHECK(tls.send("last words"));
    if (notified) tls.close_notify();
    tls.raw.half_close();
    until([&] { return happened.eofs > 0; });
    settle();
    CHECK(happened.bytes == "last words");
    CHECK(happened.eofs == 1);
    CHECK(happened.closes == 0);
    CHECK(link->write("bye\r\n") == 5);
    CHECK(tls.reply() == "bye");
    link->close();
    CHECK(tls.reply().empty());
    CHECK(tls.was_notified());
}

TEST_CASE_METHOD(Secured, "clear text behind a close_notify is never read") {
    shake();
    link->read(true);
    CHECK(tls.send("in TLS"));
    tls.close_notify();
    CHECK(tls.raw.send("\r\n.\r\nMAIL FROM:<a@example.com>\r\n"));
    until([&] { return happened.eofs > 0; });
    link->read(false);
    link->read(true);
    settle();
    CHECK(happened.bytes == "in TLS");
    CHECK(happened.closes == 0);
}

TEST_CASE_METHOD(Secured, "clear text in the middle of TLS ends it, and is never handed on") {
    shake();
    link->read(true);
    CHECK(tls.send("in TLS"));
    CHECK(tls.raw.send("\r\n.\r\nMAIL FROM:<a@example.com>\r\n"));
    until([&] { return happened.closes > 0; });
    settle();
    CHECK(happened.bytes == "in TLS");
    CHECK(happened.closes == 1);
    CHECK(happened.eofs == 0);
    CHECK(happened.why.starts_with("TLS: "));
}

TEST_CASE_METHOD(Secured, "a client that speaks clear text where TLS is due is told apart") {
    link->begin_tls(server->stream());
    CHECK(tls.raw.send("EHLO client.example.net\r\n"));
    until([&] { return happened.closes > 0; });
    CHECK(happened.in_tls == 0);
    CHECK(happened.bytes.empty());
    CHECK(happened.why.starts_with("TLS: "));
}

TEST_CASE_METHOD(Secured, "a client that leaves in the handshake is gone") {
    link->begin_tls(server->stream());
    tls.raw.half_close();
    until([&] { return happened.closes > 0; });
    CHECK(happened.why == "closed in the TLS handshake");
    CHECK(happened.eofs == 0);
}

TEST_CASE_METHOD(Secured, "a client that resets the connection is gone, with the reason") {
    shake();
    link->read(true);
    tls.raw.reset();
    until([&] { return happened.closes > 0; });
    CHECK(happened.why == "Connection reset by peer");
}

TEST_CASE_METHOD(Secured, "last words reach a client who talks on") {
    shake();
    link->read(true);
    CHECK(tls.send("EHLO x\r\n"));
    until([&] { return !happened.bytes.empty(); });
    link->read(false);
    CHECK(tls.send(std::string(100000, 'x')));
    CHECK(link->write("421 enough\r\n") == 12);
    CHECK(link->discard());
    link->leave();
    link->read(true);
    CHECK(tls.reply() == "421 enough");
    CHECK(tls.reply().empty());
    CHECK(tls.was_notified());
    happened.bytes.clear();
    CHECK(tls.raw.send("clear text"));
    tls.raw.half_close();
    until([&] { return happened.eofs == 1; });
    CHECK(happened.bytes.empty());
}

TEST_CASE_METHOD(Secured, "nothing is left of a secret where it was read") {
    const bool in_tls = GENERATE(true, false);
    if (in_tls) shake();
    link->read(true);
    const std::string line = "AUTH PLAIN AGJvYgBzZWNyZXQ=\r\n";
    CHECK((in_tls ? tls.send(line) : tls.raw.send(line)));
    until([&] { return happened.bytes == line; });
    CHECK(happened.last == std::string(happened.last.size(), '\0'));
}

TEST_CASE_METHOD(Accepted, "a connection without TLS ends once, too") {
    link->read(true);
    CHECK(client.send("EHLO x\r\n"));
    until([&] { return !happened.bytes.empty(); });
    client.half_close();
    until([&] { return happened.eofs > 0; });
    settle();
    CHECK(happened.bytes == "EHLO x\r\n");
    CHECK(happened.eofs == 1);
    CHECK(happened.closes == 0);
}

TEST_CASE_METHOD(Accepted, "a unix socket is connected to, and one that is not there is an error") {
    const test::TemporaryDirectory directory;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = directory / "socket";
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int listening = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listening, 1) == 0);

    Recorder there;
    const auto out = std::make_shared<StreamLink>(io, there);
    out->connect(path);
    until([&] { return there.connected == 1; });
    Peer accepted(accept4(listening, nullptr, nullptr, SOCK_CLOEXEC));
    CHECK(out->write("EHLO x\r\n") == 8);
    CHECK(accepted.line() == "EHLO x");
    accepted.send("250 ok\r\n");
    out->read(true);
    until([&] { return there.bytes == "250 ok\r\n"; });
    out->close();
    ::close(listening);

    Recorder nowhere;
    const auto lost = std::make_shared<StreamLink>(io, nowhere);
    lost->connect(directory / "missing");
    until([&] { return nowhere.closes == 1; });
    CHECK(nowhere.why == "No such file or directory");
}

}  // namespace smtpblock::net
