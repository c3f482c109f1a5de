// A session among peers that do anything at any time: random commands, replies, pieces, closings
// and rules that change in between. What must hold is what an attacker would try to break.
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "common/base64.h"
#include "daemon/smtp/command.h"
#include "daemon/smtp/limits.h"
#include "daemon/smtp/session.h"
#include "unit/stirred.h"
#include "unit/toggled_policy.h"

namespace smtpblock::smtp {
namespace {

using namespace std::string_literals;

class Chaos {
public:
    explicit Chaos(unsigned seed) : seed_(seed), random_(seed) {
        options_.hostname = "mx.example";
        options_.rcpt_reply = "554 5.7.1 <{rcpt}>: Access denied";
        options_.defer_reply = "450 4.7.1 <{rcpt}>: Access denied";
        options_.errors = 6;
        options_.recipients = 5;
        options_.keyed_hash = stirred;
        options_.implicit_tls = seed % 7 == 0;
        if (!options_.implicit_tls && seed % 3 == 0) options_.starttls = StartTls::optional;
        if (seed % 8 == 0) options_.upstream_tls = {UpstreamTls::starttls};
        if (seed % 8 == 1) options_.upstream_tls = {UpstreamTls::implicit};
        for (const Mechanism mechanism : mechanisms) profile_.keywords.mechanisms.add(mechanism);
        profile_.keywords.chunking = chunking();
        if (seed % 5 == 0) options_.bare_newline = BareNewline::normalize;
        options_.auth_failure = seed % 3 == 0 ? AuthFailure::local : AuthFailure::upstream;
    }

    void run() {
        Session session(options_, {.session = "1", .address = "127.0.0.1", .loopback = true},
                        policy_, profile_, now_);
        session_ = &session;
        for (int step = 0; step < 200 && !session.finished(); ++step) {
            settle();
            act();
            judge();
        }
        settle();
        if (!client_gone_) session.on_closed(Side::client, now_);
        for (int i = 0; i < 10 && !session.finished(); ++i) {
            settle();
            now_ = std::max(now_, session.deadline());
            session.on_time(now_);
            settle();
        }
        REQUIRE(session.finished());
    }

    const Toggled& policy() const { return policy_; }
    unsigned chunked_messages() const { return chunked_ends_; }

private:
    unsigned roll(unsigned sides) { return static_cast<unsigned>(random_() % sides); }

    /// Does what the session wants of its driver.
    void settle() {
        for (int i = 0; i < 6; ++i) {
            take_output();
            if (session_->want(Side::client) == Want::close && !client_gone_) {
                client_gone_ = true;
                session_->on_closed(Side::client, now_);
            }
            if (session_->want(Side::client) == Want::tls_handshake) shake_hands_with_client();
            switch (session_->want(Side::upstream)) {
                case Want::connect:
                    if (roll(8) == 0) {
                        session_->on_closed(Side::upstream, now_, "refused");
                    } else {
                        session_->on_connected(Side::upstream, now_);
                        upstream_.clear();
                        answered_ = 0;
                        in_message_ = false;
                        reply(roll(12) == 0 ? "554 no" : "220 mx.example ESMTP");
                    }
                    break;
                case Want::close:
                    session_->on_closed(Side::upstream, now_);
                    break;
                case Want::tls_handshake:
                    REQUIRE(session_->output(Side::upstream).empty());
                    if (roll(20) == 0) {
                        session_->on_closed(Side::upstream, now_, "certificate verify failed");
                    } else {
                        answered_ = upstream_.size();
                        session_->on_tls(Side::upstream, now_);
                        if (options_.upstream_tls.front() == UpstreamTls::implicit)
                            reply("220 mx.example ESMTP");
                    }
                    break;
                case Want::keep:
                    REQUIRE_FALSE(has_part_of_a_message());
                    session_->on_kept(roll(2) == 0, now_);
                    break;
                case Want::read:
                case Want::nothing:
                    break;
            }
        }
    }

    /// The upstream has, and it may take for the rest of it what comes next.
    bool has_part_of_a_message() const {
        const auto chunk = upstream_.rfind("BDAT ");
        const bool open = chunk != std::string::npos &&
                          upstream_.find(" LAST\r\n", chunk) == std::string::npos &&
                          upstream_.find("RSET\r\n", chunk) == std::string::npos &&
                          upstream_.find("EHLO ", chunk) == std::string::npos;
        return open || (in_message_ && !end_is_out_);
    }

    void shake_hands_with_client() {
        REQUIRE(session_->output(Side::client).empty());
        if (roll(20) == 0) {
            client_gone_ = true;
            session_->on_closed(Side::client, now_, "no shared cipher");
        } else {
            session_->on_tls(Side::client, now_);
        }
    }

    void take_output() {
        for (const Side side : {Side::client, Side::upstream}) {
            const std::string_view bytes = session_->output(side);
            REQUIRE(bytes.size() <= limits::data_ahead_octets + 200000);
            if (side == Side::upstream) {
                upstream_ += bytes;
                if (bytes.ends_with(".\r\n") && in_message_) {
                    ++ends_;
                    end_is_out_ = true;
                }
                for (auto at = bytes.find(" LAST\r\n"); at != bytes.npos;
                     at = bytes.find(" LAST\r\n", at + 1)) {
                    ++ends_;
                    ++chunked_ends_;
                }
            }
            if (side == Side::client && bytes.size() > 4)
                last_code_ = bytes.substr(bytes.rfind("\r\n", bytes.size() - 3) == bytes.npos
                                              ? 0
                                              : bytes.rfind("\r\n", bytes.size() - 3) + 2,
                                          3);
            if (!bytes.empty()) session_->on_written(side, bytes.size(), now_);
        }
    }

    void reply(const std::string& line) {
        const bool connected = session_->want(Side::upstream) == Want::read;
        if (connected) session_->on_bytes(Side::upstream, line + "\r\n", now_);
    }

    void act() {
        switch (roll(16)) {
            case 0:
                policy_.blocked = !policy_.blocked;
                break;
            case 1:
                if (roll(8) == 0 && session_->want(Side::upstream) == Want::read)
                    session_->on_eof(Side::upstream, now_);
                break;
            case 2:
                if (roll(8) == 0) reply(anything());
                break;
            case 3:
                if (roll(10) == 0) session_->on_eof(Side::client, now_);
                break;
            case 4:
                if (roll(10) == 0) {
                    now_ = std::max(now_, session_->deadline());
                    session_->on_time(now_);
                }
                break;
            case 5:
                if (roll(20) == 0) session_->on_drain(now_);
                break;
            case 6:
            case 7:
            case 8:
            case 9:
                answer_properly();
                break;
            default:
                say(roll(3) == 0 ? line() + line() + line() : line());
        }
    }

    void say(const std::string& bytes) {
        if (client_gone_ || session_->want(Side::client) != Want::read) return;
        if (roll(4) != 0) {
            session_->on_lent_bytes(Side::client, bytes, now_);
            take_output();
            return session_->on_bytes_gone();
        }
        for (const char c : bytes) session_->on_bytes(Side::client, {&c, 1}, now_);
    }

    std::string line() {
        const std::string number = std::to_string(++counter_);
        if (last_code_ == "354" && roll(8) != 0) return message(number);
        if (last_code_ == "334" && roll(8) != 0)
            return roll(4) == 0 ? "*\r\n" : response(number) + "\r\n";
        if (roll(4) != 0) {
            const char* const usual[] = {"MAIL FROM:<sender", "RCPT TO:<rcpt", "DATA\r\n"};
            const std::string next = usual[sensible_++ % 3];
            if (!next.starts_with("DATA")) return next + number + "@example.org>\r\n";
            return chunking() && roll(2) == 0 ? chunks(number) : next;
        }
        switch (roll(28)) {
            case 26:
                return chunks(number);
            case 27:
                return chunk(number, roll(2) == 0);
            case 0:
            case 18:
            case 19:
            case 20:
                return "EHLO name" + std::to_string(roll(3)) + "\r\n";
            case 1:
                return "RSET\r\n";
            case 2:
                return "NOOP\r\n";
            case 3:
                return "AUTH PLAIN " + plain(number) + "\r\n";
            case 4:
                return "AUTH PLAIN\r\n";
            case 5:
            case 17:
                return auth(number) + "\r\n";
            case 6:
                return base64_encode("user" + number) + "\r\n";
            case 7:
                return plain(number) + "\r\n";
            case 8:
                return "*\r\n";
            case 9:
                return roll(3) != 0 ? "HELO again\r\n" : "STARTTLS\r\n";
            case 10:
                return roll(4) == 0 ? "QUIT\r\n" : "VRFY x\r\n";
            case 11:
                return roll(4) == 0 ? "a\nb\0\r\n"s : "text\r\n";
            case 12:
                return "DATA\r\n";
            case 13:
                return "message " + number + "\r\n.\r\n";
            case 14:
                return ".\r\n";
            case 15:
            case 16:
                return "MAIL FROM:<sender" + number + "@example.com>\r\n";
            default:
                return "RCPT TO:<rcpt" + number + "@example.org>\r\n";
        }
    }

    bool chunking() const { return seed_ % 2 == 0; }

    /// A message in some.
    std::string chunks(const std::string& number) {
        std::string all;
        for (auto more = roll(3); more > 0; --more) all += chunk(number, false);
        return all + chunk(number, roll(5) != 0);
    }

    std::string chunk(const std::string& number, bool last) {
        const std::string texts[] = {"",    "message " + number + "\r\n", ".\r\n", "x\r",
                                     "\nx", std::string(40000, 'x')};
        std::string text = texts[roll(std::size(texts))];
        if (roll(20) == 0) text = "bare\n";
        const std::size_t size = text.size() + (roll(20) == 0 ? 1 : 0);
        return "BDAT " + std::to_string(size) + (last ? " LAST" : "") + "\r\n" + text;
    }

    std::string message(const std::string& number) {
        switch (roll(8)) {
            case 0:
                return "message " + number + "\r\n";
            case 1:
                return "..\r\n" + std::string(roll(3) * 50000, 'x') + "\r\n";
            case 2:
                return roll(4) == 0 ? "bare\n" : "text\r\n";
            default:
                return "message " + number + "\r\n.\r\n";
        }
    }

    std::string plain(const std::string& number) {
        return base64_encode("\0user"s + number + "\0secret"s + number);
    }

    /// AUTH of any mechanism, and one that is not understood; some with an initial response.
    std::string auth(const std::string& number) {
        if (roll(2) == 0) return "AUTH XOAUTH2 " + whole_logins(number)[2];
        const auto one = roll(mechanisms.size() + 1);
        std::string line = "AUTH ";
        line += one == mechanisms.size() ? "NTLM" : word(mechanisms[one]);
        if (roll(2) == 0) line += " " + response(number);
        return line;
    }

    /// A response of some mechanism.
    std::string response(const std::string& number) {
        const std::vector<std::string> whole = whole_logins(number);
        switch (roll(8)) {
            case 0:
                return base64_encode("user" + number);
            case 1:
                return base64_encode("n,,n=user" + number + ",r=fyko");
            case 2:
                return base64_encode("c=biws,r=fyko,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
            case 3:
                return roll(2) == 0 ? "" : "!";
            default:
                return whole[roll(static_cast<unsigned>(whole.size()))];
        }
    }

    /// The messages that hold user and secret.
    std::vector<std::string> whole_logins(const std::string& number) {
        const std::string user = "user" + number;
        const std::string token = "\1auth=Bearer secret" + number + "\1\1";
        return {plain(number), base64_encode(user + " b913a602c7eda7a495b4e6e7334d3890"),
                base64_encode("user=" + user + token), base64_encode("n,a=" + user + "," + token)};
    }

    std::string anything() {
        const char* const replies[] = {"250 ok",
                                       "550 no",
                                       "421 bye",
                                       "334 VXNlcjo=",
                                       "354 go",
                                       "235 in",
                                       "999 what",
                                       "250-half",
                                       "hello",
                                       "535 wrong",
                                       "250 queued 1\r\n250 twice"};
        return replies[roll(std::size(replies))];
    }

    /// Answers the next command that was sent, mostly with yes.
    void answer_properly() {
        const auto end = upstream_.find("\r\n", answered_);
        if (end == std::string::npos) return;
        const std::string command = upstream_.substr(answered_, end - answered_);
        answered_ = end + 2;
        const bool no = roll(6) == 0;
        if (command.starts_with("EHLO"))
            return reply("250-mx\r\n250-PIPELINING\r\n"s + (chunking() ? "250-CHUNKING\r\n" : "") +
                         "250-STARTTLS\r\n250 AUTH PLAIN LOGIN CRAM-MD5 "
                         "SCRAM-SHA-1 SCRAM-SHA-256 XOAUTH2 OAUTHBEARER");
        if (command == "STARTTLS")
            return reply(roll(20) == 0 ? "454 not now" : "220 go\r\n250 injected");
        if (command == "DATA") {
            in_message_ = !no;
            end_is_out_ = false;
            return reply(no ? "554 no valid recipients" : "354 go");
        }
        if (command == ".") {
            in_message_ = false;
            return reply(no ? "451 later" : "250 queued " + std::to_string(counter_));
        }
        if (in_message_) return;
        if (command.starts_with("BDAT ")) {
            const auto chunk = ChunkArgument::parse(command.substr(5));
            answered_ += chunk->octets;
            REQUIRE(answered_ <= upstream_.size());
            return reply(no ? "452 full" : "250 taken");
        }
        if (command.starts_with("AUTH ")) {
            const bool is_whole = command.rfind(' ') > 5 && roll(3) != 0;
            return reply(!is_whole ? "334 " : no ? "535 wrong" : "235 in");
        }
        reply(no ? "550 no" : "250 ok");
    }

    void judge() {
        take_output();
        REQUIRE(policy_.messages <= ends_);
        for (const std::string& recipient : policy_.refused_recipients) {
            CAPTURE(upstream_);
            REQUIRE(upstream_.find("<" + recipient + ">") == std::string::npos);
        }
        if (!policy_.refused_user.empty() && policy_.refused_user.starts_with("user")) {
            CAPTURE(upstream_);
            for (const std::string& login : whole_logins(policy_.refused_user.substr(4)))
                REQUIRE(upstream_.find(login) == std::string::npos);
            policy_.refused_user.clear();
        }
        // Whatever the upstream has of a message whose end was refused, it never gets the end.
        if (policy_.end_refused) {
            CAPTURE(upstream_);
            REQUIRE(ends_ == ends_judged_);
            const auto reset = upstream_.rfind("RSET\r\n");
            const bool forgets = !in_message_ && reset != std::string::npos;
            REQUIRE((session_->want(Side::upstream) != Want::read || forgets));
            policy_.end_refused = false;
        }
        ends_judged_ = ends_;
    }

    unsigned seed_;
    std::mt19937 random_;
    SessionOptions options_;
    UpstreamProfile profile_;
    Toggled policy_;
    Session* session_ = nullptr;
    Instant now_{};
    std::string upstream_;
    std::string last_code_;  ///< of the reply that the client saw last
    std::size_t answered_ = 0;
    unsigned ends_ = 0;  ///< of messages, that the upstream got
    unsigned chunked_ends_ = 0;
    unsigned ends_judged_ = 0;
    unsigned counter_ = 0;
    unsigned sensible_ = 0;
    bool client_gone_ = false;
    bool in_message_ = false;
    bool end_is_out_ = false;  ///< of that message
};

}  // namespace

TEST_CASE("whatever its peers do, a session keeps its promises and comes to an end") {
    unsigned messages = 0;
    unsigned logins = 0;
    unsigned chunked = 0;
    for (unsigned seed = 1; seed <= 4000; ++seed) {
        CAPTURE(seed);
        Chaos chaos(seed);
        chaos.run();
        messages += chaos.policy().messages;
        chunked += chaos.chunked_messages();
        logins += chaos.policy().logins;
    }
    // The disorder must leave room for what is to be disturbed.
    CHECK(messages > 70);
    CHECK(logins > 10);
    CHECK(chunked > 20);
}

}  // namespace smtpblock::smtp
