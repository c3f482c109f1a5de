#include "daemon/net/door/request_connection.h"

#include <catch2/catch.hpp>
#include <string>

#include "unit/loopback.h"

namespace smtpblock::net {
namespace {

using test::Peer;
using test::RunningServer;

/// Answers each line with the same line in capitals, `quit` by an end, `bad` by a complaint.
class Echo : public door::Exchange {
public:
    void on_bytes(std::string_view bytes) override {
        for (const char c : bytes) {
            if (finished()) return;
            line_ += c;
            if (c == '\n') take(std::exchange(line_, {}));
        }
    }
    void on_eof() override { finish(); }
    bool idle() const override { return line_.empty(); }

private:
    void take(std::string line) {
        if (line == "throw\n") throw std::runtime_error("planted");
        if (line == "large\n") return say(std::string(16U << 20U, 'x'));
        if (line == "bad\n") complain("bad request", "it says bad");
        if (line == "bad\n" || line == "quit\n") return finish();
        say("answer to " + line);
    }

    std::string line_;
};

/// A server with such a door.
struct Door {
    explicit Door(std::chrono::seconds idle = std::chrono::minutes(1),
                  std::chrono::seconds request = std::chrono::minutes(1)) {
        server.listener.protocol = Protocol::policy;
        server.listener.upstreams.clear();
        server.listener.door = door::Options{
            .begin = [](smtp::Policy&, const door::Asker&) { return std::make_unique<Echo>(); },
            .idle = idle,
            .request = request};
    }

    Door& start() {
        server.start();
        return *this;
    }
    Peer asker() { return Peer::to(server.port()); }

    RunningServer server{UpstreamAddress::maildir("unused")};
};

std::string answer(Peer& peer, std::size_t octets) {
    std::string out;
    while (out.size() < octets) {
        std::array<char, 4096> part;
        const auto got = recv(peer.descriptor(), part.data(), part.size(), 0);
        if (got <= 0) break;
        out.append(part.data(), static_cast<std::size_t>(got));
    }
    return out;
}

std::string ask(Peer& peer, const std::string& line) {
    peer.send(line + "\n");
    return answer(peer, line.size() + 11);
}

}  // namespace

TEST_CASE("requests of one connection are answered in order, as many as come") {
    Door door;
    door.start();
    Peer peer = door.asker();
    for (int i = 0; i < 100; ++i) CHECK(ask(peer, "one") == "answer to one\n");
    peer.send("one\ntwo\nthr");
    CHECK(answer(peer, 28) == "answer to one\nanswer to two\n");
    peer.send("ee\n");
    CHECK(answer(peer, 16) == "answer to three\n");
    CHECK(door.server.log().find(
              "listen listener=mx address=127.0.0.1:" + std::to_string(door.server.port()) +
              " protocol=policy direction=in auth_domain=") != std::string::npos);
}

TEST_CASE("an asker who has said all is answered before the end") {
    Door door;
    door.start();
    Peer peer = door.asker();
    peer.send("one\n");
    peer.half_close();
    CHECK(peer.rest() == "answer to one\n");
}

TEST_CASE("what was answered before a bad request arrives, and the log has why it ended") {
    Door door;
    door.start();
    Peer peer = door.asker();
    peer.send("one\nbad\n" + std::string(100000, 'x'));
    CHECK(peer.rest() == "answer to one\n");
    CHECK(door.server.log().find("listener=mx client=127.0.0.1 event=\"bad request\" "
                                 "detail=\"it says bad\"") != std::string::npos);
}

TEST_CASE("what goes wrong in one exchange ends that one alone") {
    Door door;
    door.start();
    Peer other = door.asker();
    CHECK(ask(other, "one") == "answer to one\n");
    Peer peer = door.asker();
    peer.send("throw\n");
    CHECK(peer.at_end());
    CHECK(ask(other, "two") == "answer to two\n");
    CHECK(door.server.log().find("event=failed detail=planted") != std::string::npos);
}

TEST_CASE("one address may have as many connections as there may be, and no more is greeted") {
    Door door;
    door.server.options.sessions = 5;
    door.server.options.sessions_per_client = 1;
    door.start();
    std::vector<Peer> peers;
    for (int i = 0; i < 5; ++i) {
        peers.push_back(door.asker());
        CHECK(ask(peers.back(), "one") == "answer to one\n");
    }
    Peer sixth = door.asker();
    CHECK(sixth.at_end());  // no word of SMTP
    CHECK(door.server.log().find("event=\"too many connections\"") != std::string::npos);
    CHECK(ask(peers.front(), "two") == "answer to two\n");
}

TEST_CASE("an idle connection ends in time, and a request that does not go on too") {
    Door idle(std::chrono::seconds(1));
    idle.start();
    Peer quiet = idle.asker();
    CHECK(ask(quiet, "one") == "answer to one\n");
    CHECK(quiet.at_end());
    CHECK(idle.server.log().find("event=timeout") == std::string::npos);

    Door slow(std::chrono::minutes(1), std::chrono::seconds(1));
    slow.start();
    Peer half = slow.asker();
    half.send("on");
    CHECK(half.at_end());
    CHECK(slow.server.log().find("event=timeout detail=\"in the middle of a request\"") !=
          std::string::npos);
}

TEST_CASE("who connects and asks nothing is let go as soon as one whose request does not come") {
    Door door(std::chrono::minutes(1), std::chrono::seconds(1));
    door.start();
    Peer silent = door.asker();
    CHECK(silent.at_end());
    CHECK(door.server.log().find("event=timeout") == std::string::npos);
}

TEST_CASE("who does not read his answers is read no further, and let go in time") {
    Door door(std::chrono::minutes(1), std::chrono::seconds(1));
    door.start();
    Peer peer = door.asker();
    peer.send("large\n");
    peer.send("two\n");
    Peer other = door.asker();
    CHECK(ask(other, "one") == "answer to one\n");
    while (door.server.log().find("event=timeout") == std::string::npos)
        CHECK(ask(other, "one") == "answer to one\n");
}

TEST_CASE("at the end idle askers are let go at once, and who is in the middle is answered") {
    Door door;
    door.server.options.drain = std::chrono::seconds(20);
    door.start();
    Peer idle = door.asker();
    CHECK(ask(idle, "one") == "answer to one\n");
    Peer busy = door.asker();
    CHECK(ask(busy, "one") == "answer to one\n");
    busy.send("tw");
    Peer sign = door.asker();  // what it is answered was read after that
    CHECK(ask(sign, "one") == "answer to one\n");
    door.server.server().drain();
    CHECK(idle.at_end());
    busy.send("o\n");
    CHECK(busy.rest() == "answer to two\n");
    door.server.join();
}

}  // namespace smtpblock::net
