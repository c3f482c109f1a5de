// Bursts (RFC 2920): what a client sends at once goes on at once, and nothing grows with it.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/smtp/limits.h"
#include "daemon/smtp/session.h"

namespace smtpblock::smtp {
namespace {

constexpr std::size_t read_octets = 64 * 1024;  // as daemon/net reads

class BlocksSome : public Policy {
public:
    Verdict check(Moment moment, const Subject& subject) override {
        const bool blocks = moment == Moment::rcpt && subject.recipient_path.starts_with("blocked");
        return blocks ? Verdict::reject : Verdict::pass;
    }
    LoginVerdict check_login(const Subject& subject, std::size_t) override {
        return {check(Moment::auth, subject), true};
    }
    void authenticated(const Subject&, LoginResult) override {}
    void accepted(const Subject&, std::string_view) override {}
    void note(const Subject&, std::string_view, std::string_view) override {}
};

std::size_t lines(std::string_view text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

class Front {
public:
    explicit Front(bool greeted = true) {
        options_.hostname = "mx.example";
        options_.rcpt_reply = "554 5.7.1 <{rcpt}>: Access denied";
        options_.errors = 100000;
        profile_.keywords.chunking = true;
        session_ = std::make_unique<Session>(
            options_, ClientInfo{.session = "1", .address = "127.0.0.1"}, policy_, profile_, now_);
        client_reads();
        client_says("EHLO client\r\n");
        if (!greeted) return;
        client_says("MAIL FROM:<a@b.example>\r\nRCPT TO:<first@b.example>\r\n");
        greet();
        answer("250 ok\r\n250 ok\r\n");
        client_says("RSET\r\n");
        answer("250 ok\r\n");
        client_reads();
        writes.clear();
    }

    /// Reads of it as far as the session wants any; the rest waits.
    void client_says(std::string_view bytes) {
        said_ += bytes;
        while (!said_.empty() && session_->want(Side::client) == Want::read) {
            const std::string part = said_.substr(0, read_octets);
            said_.erase(0, part.size());
            session_->on_bytes(Side::client, part, now_);
            write();
        }
    }
    std::size_t unread() const { return said_.size(); }

    std::string client_reads() {
        std::string all;
        while (!session_->output(Side::client).empty()) {
            const std::string bytes(session_->output(Side::client));
            all += bytes;
            session_->on_written(Side::client, bytes.size(), now_);
        }
        return all;
    }

    void greet() {
        session_->on_connected(Side::upstream, now_);
        answer("220 mx ESMTP\r\n");
        answer("250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
    }

    void answer(std::string_view bytes) {
        session_->on_bytes(Side::upstream, bytes, now_);
        write();
        client_says("");
    }

    Session& session() { return *session_; }
    std::size_t client_output() const { return session_->output(Side::client).size(); }

    std::vector<std::string> writes;  ///< to the upstream
    std::size_t most_answers = 0;     ///< that waited for the client

private:
    void write() {
        const std::string bytes(session_->output(Side::upstream));
        if (!bytes.empty()) {
            writes.push_back(bytes);
            session_->on_written(Side::upstream, bytes.size(), now_);
        }
        most_answers = std::max(most_answers, client_output());
    }

    SessionOptions options_;
    UpstreamProfile profile_;
    BlocksSome policy_;
    Instant now_{};
    std::unique_ptr<Session> session_;
    std::string said_;
};

std::string burst(std::size_t recipients) {
    std::string commands = "MAIL FROM:<a@b.example>\r\n";
    for (std::size_t i = 0; i < recipients; ++i)
        commands += fmt::format("RCPT TO:<{}{}@b.example>\r\n", i % 10 == 3 ? "blocked" : "r", i);
    return commands;
}

}  // namespace

TEST_CASE("MAIL, recipients and DATA of one packet reach the upstream in one write") {
    Front front;
    front.client_says(burst(3) + "DATA\r\n");
    CHECK(front.writes == std::vector{burst(3) + "DATA\r\n"});
    front.answer("250 ok\r\n250 ok\r\n250 ok\r\n");
    CHECK(front.client_reads() == "250 2.1.0 Ok\r\n250 ok\r\n250 ok\r\n");
    front.answer("250 ok\r\n354 go\r\n");
    CHECK(front.client_reads() == "250 ok\r\n354 go\r\n");
}

TEST_CASE("so they do when the upstream is connected because of them") {
    Front front(false);
    front.client_says(burst(3) + "DATA\r\n");
    REQUIRE(front.session().want(Side::upstream) == Want::connect);
    front.greet();
    REQUIRE(front.writes.size() == 2);
    CHECK(front.writes[1] == burst(3) + "DATA\r\n");
}

TEST_CASE("and a message in one chunk needs one write more, behind the answers") {
    Front front;
    front.client_says(burst(1) + "BDAT 7 LAST\r\nhello\r\nNOOP\r\n");
    front.answer("250 ok\r\n250 ok\r\n");
    CHECK(front.writes == std::vector<std::string>{burst(1), "BDAT 7 LAST\r\nhello\r\n"});
}

TEST_CASE("a thousand recipients in one burst are answered in their order") {
    Front front;
    std::string said = burst(1150);  // 1035 are not blocked
    front.client_says(said + "DATA\r\n");
    std::string seen = front.client_reads();
    // A write for each read, at most.
    CHECK(front.writes.size() <= said.size() / read_octets + 1);
    std::size_t answered = 0;
    for (std::size_t rounds = 0; rounds < 100; ++rounds) {
        std::string upstream;
        for (const std::string& write : front.writes) upstream += write;
        if (answered == lines(upstream)) break;
        std::string answers;
        for (; answered < lines(upstream); ++answered)
            answers += upstream.ends_with("DATA\r\n") && answered + 1 == lines(upstream)
                           ? "354 go\r\n"
                           : fmt::format("250 2.1.5 number {}\r\n", answered);
        front.answer(answers);
        seen += front.client_reads();
    }
    CHECK(front.unread() == 0);
    std::string expected = "250 2.1.0 Ok\r\n";
    std::size_t forwarded = 0;
    for (std::size_t i = 0; i < 1150; ++i) {
        if (forwarded == 1000)
            expected += "452 4.5.3 Error: too many recipients\r\n";
        else if (i % 10 == 3)
            expected += fmt::format("554 5.7.1 <blocked{}@b.example>: Access denied\r\n", i);
        else
            expected += fmt::format("250 2.1.5 number {}\r\n", ++forwarded);
    }
    CHECK(seen == expected + "354 go\r\n");
}

TEST_CASE("a client that reads no answers is read no further, and loses none") {
    Front front;
    const std::string blocked(400, 'b');
    std::string said = "MAIL FROM:<a@b.example>\r\n";
    for (int i = 0; i < 5000; ++i)
        said += fmt::format("RCPT TO:<blocked@{0}.{0}.{0}.example>\r\n", blocked.substr(0, 60));
    front.client_says(said);
    CHECK(front.unread() > said.size() / 2);
    CHECK(front.most_answers < limits::unread_answers_octets + 1000);
    std::size_t seen = 0;
    for (int rounds = 0; rounds < 1000 && (front.unread() > 0 || front.client_output() > 0);
         ++rounds) {
        seen += lines(front.client_reads());
        front.client_says("");
    }
    CHECK(seen == 5001);
    CHECK(front.most_answers < limits::unread_answers_octets + 1000);
}

TEST_CASE("chunks that an upstream does not take are not read further, however small") {
    Front front;
    front.client_says(burst(1));
    front.answer("250 ok\r\n250 ok\r\n");
    front.writes.clear();
    std::string said;
    for (int i = 0; i < 100000; ++i) said += "BDAT 1\r\nx";
    front.client_says(said);
    CHECK(front.unread() > 0);
    CHECK(lines(front.writes.back()) <= limits::pipelined);
    for (int rounds = 0; rounds < 1000 && front.unread() > 0; ++rounds) {
        std::string answers;
        for (const std::string& write : std::exchange(front.writes, {}))
            for (std::size_t i = 0; i < lines(write); ++i) answers += "250 ok\r\n";
        front.answer(answers);
        front.client_reads();
    }
    CHECK(front.unread() == 0);
}

TEST_CASE("of a large chunk no more is held than of a large message") {
    Front front;
    front.client_says(burst(1));
    front.answer("250 ok\r\n250 ok\r\n");
    const std::string line = std::string(998, 'x') + "\r\n";
    std::string text;
    for (int i = 0; i < 2000; ++i) text += line;
    Session& session = front.session();
    front.writes.clear();
    session.on_bytes(Side::client, fmt::format("BDAT {} LAST\r\n", text.size()), {});
    std::size_t sent = 0;
    std::size_t most = 0;
    while (session.want(Side::client) == Want::read && sent < text.size()) {
        const std::string part = text.substr(sent, 5000);
        session.on_bytes(Side::client, part, {});
        sent += part.size();
        most = std::max(most, session.output(Side::upstream).size());
    }
    CHECK(sent < text.size());
    CHECK(most < limits::data_ahead_octets + 2 * read_octets);
    CHECK(most > limits::data_ahead_octets / 2);
}

}  // namespace smtpblock::smtp
