// A session and what happens to it on both sides, as a script says it. The first line holds the
// settings, a letter each (`Play::setting`); every other line is an event, its first letter says
// which (`Play::event`). What must hold whatever happens stands here; a target adds its own.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "common/text.h"
#include "daemon/smtp/session.h"
#include "fuzz/require.h"
#include "unit/stirred.h"

namespace smtpblock::fuzz {

using smtp::Instant;
using smtp::Side;
using smtp::Want;

inline bool holds(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

inline std::string_view last_word(std::string_view line) {
    const auto space = line.rfind(' ');
    return space == line.npos ? line : line.substr(space + 1);
}

inline std::string_view without_end(std::string_view line) {
    return line.substr(0, line.size() - std::min<std::size_t>(2, line.size()));
}

class Play : protected smtp::Policy {
public:
    void run(std::string_view script) {
        options_.hostname = "mx.example";
        options_.rcpt_reply = "554 5.7.1 <{rcpt}>: Access denied";
        options_.defer_reply = "450 4.7.1 <{rcpt}>: Access denied";
        options_.keyed_hash = stirred;
        options_.direction = Direction::out;
        options_.errors = 100;
        for (const auto mechanism : smtp::mechanisms) profile_.keywords.mechanisms.add(mechanism);
        for (const char letter : take_line(script)) setting(letter);
        begin();
        smtp::Session session(options_, client_, *this, profile_, now_);
        session_ = &session;
        settle();
        while (!script.empty() && !session.finished()) {
            const std::string_view line = take_line(script);
            if (!line.empty()) event(line.front(), line.substr(1));
            settle();
        }
        end();
    }

protected:
    // What a target adds.
    virtual void begin() {}
    virtual void at_rest() {}
    virtual void client_says() {}  ///< client_bytes_
    virtual void client_gets(std::string_view) {}
    virtual void upstream_begins() {}
    virtual void upstream_gets(std::string_view) {}
    virtual void upstream_gets_line(std::string_view) {}
    virtual void upstream_says(std::string_view) {}
    virtual void judged(smtp::Moment, const smtp::Subject&, Verdict) {}

    virtual void setting(char letter) {
        switch (letter) {
            case 'i':
                options_.implicit_tls = true;
                break;
            case 'o':
                options_.starttls = smtp::StartTls::optional;
                break;
            case 'r':
                options_.starttls = smtp::StartTls::required;
                break;
            case 's':
                options_.upstream_tls = {smtp::UpstreamTls::starttls};
                break;
            case 't':
                options_.upstream_tls = {smtp::UpstreamTls::implicit};
                break;
            case 'l':
                options_.auth_failure = smtp::AuthFailure::local;
                break;
            case 'n':
                options_.auth_without_tls = smtp::AuthWithoutTls::never;
                break;
            case 'a':
                options_.auth_without_tls = smtp::AuthWithoutTls::always;
                break;
            case 'f':
                client_.loopback = false;
                break;
            case 'g':
                glued_ = true;
                break;
            default:
                break;
        }
    }

    virtual void event(char what, std::string_view text) {
        switch (what) {
            case 'c':
                from_client_.append(text).append("\r\n");
                break;
            case 'C':
                from_client_ += text;
                break;
            case 'u':
                from_upstream_.append(text).append("\r\n");
                break;
            case 'U':
                from_upstream_ += text;
                break;
            case 's':
                handshake(Side::client);
                break;
            case 't':
                handshake(Side::upstream);
                break;
            case 'e':
                if (session_->want(Side::client) == Want::read)
                    session_->on_eof(Side::client, now_);
                break;
            case 'f':
                if (session_->want(Side::upstream) == Want::read)
                    session_->on_eof(Side::upstream, now_);
                break;
            case 'x':
                lose_client();
                break;
            case 'y':
                if (connected_) lose_upstream();
                break;
            case 'k':
                refuses_ = !refuses_;
                break;
            case 'w':
                now_ = std::max(now_, session_->deadline());
                session_->on_time(now_);
                break;
            case 'b':
                blocked_ = !blocked_;
                break;
            case 'm':
                asks_ = !asks_;
                break;
            case 'd':
                session_->on_drain(now_);
                break;
            default:
                break;
        }
    }

    /// What is left unread was said in clear text, and daemon/net does not read it any more.
    virtual void handshake(Side side) {
        if (session_->want(side) != Want::tls_handshake) return;
        require(session_->output(side).empty(), "all is written before a handshake");
        (side == Side::client ? from_client_ : from_upstream_).clear();
        bool& secure = side == Side::client ? client_secure_ : upstream_secure_;
        require(!secure, "one handshake a connection");
        secure = true;
        session_->on_tls(side, now_);
    }

    /// One piece of each side; false when there is none.
    bool take_output() {
        bool any = false;
        if (const std::string bytes = next_output(Side::client); !bytes.empty() && client_up_) {
            any = true;
            session_->on_written(Side::client, bytes.size(), now_);
            client_gets(bytes);
        }
        if (!connected_) return any;
        if (const std::string bytes = next_output(Side::upstream); !bytes.empty()) {
            any = true;
            upstream_gets(bytes);
            for (const char c : bytes) {
                upstream_line_ += c;
                if (c == '\n') take_upstream_line(std::exchange(upstream_line_, {}));
            }
            session_->on_written(Side::upstream, bytes.size(), now_);
        }
        return any;
    }

    Verdict check(smtp::Moment moment, const smtp::Subject& subject) override {
        const Verdict verdict = blocked_ ? Verdict::reject : Verdict::pass;
        if (blocked_ && moment == smtp::Moment::auth && !glued_) stopped_ = last_word(spoken_);
        judged(moment, subject, verdict);
        return verdict;
    }

    smtp::LoginVerdict check_login(const smtp::Subject& subject, std::size_t most) override {
        const Verdict verdict = check(smtp::Moment::auth, subject);
        return {verdict, verdict == Verdict::pass || (asks_ && most > 0)};
    }
    void authenticated(const smtp::Subject&, smtp::LoginResult) override {}
    void accepted(const smtp::Subject&, std::string_view) override {}
    void note(const smtp::Subject&, std::string_view, std::string_view) override {}

    smtp::SessionOptions options_;
    smtp::UpstreamProfile profile_;
    smtp::ClientInfo client_{.session = "1", .address = "127.0.0.1", .loopback = true};
    smtp::Session* session_ = nullptr;
    Instant now_{std::chrono::hours(1)};
    bool glued_ = false;
    std::size_t piece_ = std::string::npos;  ///< octets that are written at once
    bool deaf_ = false;                      ///< nobody reads what is written
    bool blocked_ = false;
    std::string stopped_;  ///< the response that was judged last, when it was blocked

    bool client_up_ = true;
    bool client_secure_ = false;
    std::string from_client_;   ///< said and not read yet
    std::string client_line_;   ///< read, without its end
    std::string spoken_;        ///< the line that was read last
    std::string client_bytes_;  ///< what was read last

    bool connected_ = false;
    bool upstream_secure_ = false;
    std::string from_upstream_;

private:
    static std::string_view take_line(std::string_view& text) {
        const auto end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        return line;
    }

    std::string next_output(Side side) const {
        return deaf_ ? std::string() : std::string(session_->output(side).substr(0, piece_));
    }

    /// Does what the session wants of its driver until it waits for somebody.
    void settle() {
        for (int rounds = 0; step(); ++rounds)
            require(rounds < 1'000'000, "a session comes to rest");
        at_rest();
    }

    bool step() {
        if (take_output()) return true;
        if (session_->want(Side::client) == Want::close && client_up_) {
            lose_client();
            return true;
        }
        switch (session_->want(Side::upstream)) {
            case Want::connect:
                connect();
                return true;
            case Want::keep:
                session_->on_kept(false, now_);
                return true;
            case Want::close:
                lose_upstream();
                return true;
            case Want::read:
                if (from_upstream_.empty()) break;
                read_upstream();
                return true;
            case Want::nothing:
            case Want::tls_handshake:
                break;
        }
        if (session_->want(Side::client) != Want::read || from_client_.empty()) return false;
        read_client();
        return true;
    }

    void connect() {
        if (refuses_) return session_->on_closed(Side::upstream, now_, "refused");
        require(!connected_, "one upstream at a time");
        connected_ = true;
        upstream_secure_ = false;
        from_upstream_.clear();
        upstream_line_.clear();
        upstream_begins();
        session_->on_connected(Side::upstream, now_);
    }

    void lose_upstream() {
        connected_ = false;
        upstream_secure_ = false;
        session_->on_closed(Side::upstream, now_);
    }

    void lose_client() {
        if (!client_up_) return;
        client_up_ = false;
        from_client_.clear();
        session_->on_closed(Side::client, now_);
    }

    /// All at once, or a line, so that it is known which one was judged.
    std::string take_pending(std::string& pending) const {
        const auto end = glued_ ? pending.npos : pending.find("\r\n");
        const std::string bytes = pending.substr(0, end == pending.npos ? end : end + 2);
        pending.erase(0, bytes.size());
        return bytes;
    }

    void read_client() {
        client_bytes_ = take_pending(from_client_);
        client_line_ += client_bytes_;
        const std::string line = client_line_;
        if (client_line_.ends_with("\r\n")) client_line_.clear();
        spoken_ = without_end(line);
        stopped_.clear();
        client_says();
        session_->on_bytes(Side::client, client_bytes_, now_);
    }

    void read_upstream() {
        const std::string bytes = take_pending(from_upstream_);
        upstream_says(bytes);
        session_->on_bytes(Side::upstream, bytes, now_);
    }

    void take_upstream_line(std::string_view line) {
        line = without_end(line);
        if (stopped_.size() >= 8)
            require(last_word(line) != stopped_, "a blocked secret stays here");
        upstream_gets_line(line);
    }

    void end() {
        deaf_ = false;
        lose_client();
        settle();
        for (int i = 0; i < 20 && !session_->finished(); ++i) {
            now_ = std::max(now_, session_->deadline());
            session_->on_time(now_);
            settle();
        }
        require(session_->finished(), "a session without a client ends");
    }

    bool refuses_ = false;  ///< the upstream does, when it is to be connected
    bool asks_ = true;      ///< the upstream, about a blocked login
    std::string upstream_line_;
};

}  // namespace smtpblock::fuzz
