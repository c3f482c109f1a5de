// A session and what happens to it on both sides, TLS above all. The first line holds the settings,
// a letter each (`Play::settings`); every other line is an event, its first letter says which
// (`Play::event`).
#include <algorithm>
#include <string>
#include <string_view>

#include "common/text.h"
#include "daemon/smtp/session.h"
#include "fuzz/require.h"
#include "unit/stirred.h"

namespace smtpblock::fuzz {
namespace {

using smtp::Instant;
using smtp::Side;
using smtp::Want;

bool holds(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

std::string_view last_word(std::string_view line) {
    const auto space = line.rfind(' ');
    return space == line.npos ? line : line.substr(space + 1);
}

class Play : smtp::Policy {
public:
    explicit Play(std::string_view script) {
        settings(take_line(script));
        initial_ = profile_;
        smtp::Session session(options_,
                              {.session = "1", .address = "127.0.0.1", .loopback = loopback_},
                              *this, profile_, now_);
        session_ = &session;
        settle();
        while (!script.empty() && !session.finished()) {
            event(take_line(script));
            settle();
        }
        end();
    }

private:
    static std::string_view take_line(std::string_view& text) {
        const auto end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        return line;
    }

    void settings(std::string_view letters) {
        options_.hostname = "mx.example";
        options_.rcpt_reply = "554 5.7.1 <{rcpt}>: Access denied";
        options_.defer_reply = "450 4.7.1 <{rcpt}>: Access denied";
        options_.keyed_hash = stirred;
        options_.direction = Direction::out;
        options_.errors = 100;
        for (const auto mechanism : smtp::mechanisms) profile_.keywords.mechanisms.add(mechanism);
        for (const char letter : letters) switch (letter) {
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
                    loopback_ = false;
                    break;
                case 'g':
                    glued_ = true;
                    break;
                default:
                    break;
            }
    }

    void event(std::string_view line) {
        const char what = line.empty() ? '\0' : line.front();
        const std::string_view text = line.substr(std::min<std::size_t>(1, line.size()));
        switch (what) {
            case 'c':
                from_client_.append(text).append("\r\n");
                break;
            case 'C':
                from_client_ += text;
                break;
            case 'u':
                upstream_says(text);
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

    /// The last line of a reply says how it came, so that it is known again at the client.
    void upstream_says(std::string_view text) {
        from_upstream_ += text;
        if (has_upstream_tls() && text.size() > 3 && text[3] == ' ')
            from_upstream_ += upstream_secure_ ? " secure" : " plain";
        from_upstream_ += "\r\n";
    }

    /// What is left unread was said in clear text, and daemon/net does not read it any more.
    void handshake(Side side) {
        if (session_->want(side) != Want::tls_handshake) return;
        require(session_->output(side).empty(), "all is written before a handshake");
        (side == Side::client ? from_client_ : from_upstream_).clear();
        if (side == Side::client) {
            require(!client_secure_, "one handshake a client");
            client_secure_ = true;
            said_securely_.clear();
            const auto before = to_upstream_;
            session_->on_tls(side, now_);
            take_output();
            require(to_upstream_ == before, "a handshake alone tells the upstream nothing");
        } else {
            require(!upstream_secure_, "one handshake a connection");
            upstream_secure_ = true;
            greeting_due_ = options_.upstream_tls.front() == smtp::UpstreamTls::starttls;
            session_->on_tls(side, now_);
        }
    }

    bool has_upstream_tls() const {
        return options_.upstream_tls.front() != smtp::UpstreamTls::none;
    }

    /// Does what the session wants of its driver until it waits for somebody.
    void settle() {
        for (int rounds = 0; step(); ++rounds) require(rounds < 100'000, "a session comes to rest");
        if (has_upstream_tls() && !ever_secure_)
            require(profile_.keywords == initial_.keywords && !profile_.learnt,
                    "nothing is learnt in clear text");
    }

    bool step() {
        ever_secure_ = ever_secure_ || upstream_secure_;
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
        greeting_due_ = false;
        from_upstream_.clear();
        upstream_line_.clear();
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
        const std::string bytes = take_pending(from_client_);
        if (client_secure_) said_securely_ += bytes;
        client_line_ += bytes;
        const std::string line = client_line_;
        if (client_line_.ends_with("\r\n")) client_line_.clear();
        spoken_ =
            std::string_view(line).substr(0, line.size() - std::min<std::size_t>(2, line.size()));
        if (client_line_.empty())
            client_greeted_ = client_greeted_ || starts_with_ignoring_case(line, "EHLO ");
        stopped_.clear();
        session_->on_bytes(Side::client, bytes, now_);
    }

    void read_upstream() {
        const std::string bytes = take_pending(from_upstream_);
        session_->on_bytes(Side::upstream, bytes, now_);
    }

    /// One piece of each side; false when there is none.
    bool take_output() {
        bool any = false;
        if (const std::string bytes(session_->output(Side::client)); !bytes.empty() && client_up_) {
            any = true;
            session_->on_written(Side::client, bytes.size(), now_);
            // One that refuses the connection may, as long as there is no TLS.
            require(!upstream_secure_ || !holds(bytes, " plain\r\n"),
                    "no reply in clear text reaches the client behind a handshake");
        }
        if (!connected_) return any;
        if (const std::string bytes(session_->output(Side::upstream)); !bytes.empty()) {
            any = true;
            to_upstream_ += bytes;
            for (const char c : bytes) {
                upstream_line_ += c;
                if (c == '\n') check_line(std::exchange(upstream_line_, {}));
            }
            session_->on_written(Side::upstream, bytes.size(), now_);
        }
        return any;
    }

    void check_line(std::string_view line) {
        line = line.substr(0, line.size() - std::min<std::size_t>(2, line.size()));
        const bool greets = line.starts_with("EHLO ") || line.starts_with("HELO ");
        if (has_upstream_tls() && !upstream_secure_) {
            const bool may = greets || line == "STARTTLS" || line == "QUIT";
            require(may && options_.upstream_tls.front() == smtp::UpstreamTls::starttls,
                    "no mail in clear text");
        }
        // The client's own, so none when it gave none.
        if (greeting_due_ && client_greeted_)
            require(greets || line == "QUIT", "after a handshake comes a greeting");
        greeting_due_ = false;
        if (stopped_.size() >= 8)
            require(last_word(line) != stopped_, "a blocked secret stays here");
    }

    void end() {
        lose_client();
        settle();
        for (int i = 0; i < 20 && !session_->finished(); ++i) {
            now_ = std::max(now_, session_->deadline());
            session_->on_time(now_);
            settle();
        }
        require(session_->finished(), "a session without a client ends");
    }

    // smtp::Policy

    Verdict check(smtp::Moment moment, const smtp::Subject& subject) override {
        const bool tls = options_.implicit_tls || options_.starttls == smtp::StartTls::required;
        require(!tls || client_secure_, "nothing is asked for a client that is not under TLS");
        if (client_secure_) {
            require(holds(said_securely_, subject.sender_path), "the sender was named under TLS");
            require(holds(said_securely_, subject.recipient_path), "and the recipient");
            require(subject.users.empty() || holds(upper(said_securely_), "AUTH"),
                    "a login was made under TLS");
        }
        if (!blocked_) return Verdict::pass;
        if (moment == smtp::Moment::auth && !glued_) stopped_ = last_word(spoken_);
        return Verdict::reject;
    }

    bool may_ask_upstream(const smtp::Subject&, std::size_t) override { return asks_; }
    void authenticated(const smtp::Subject&, bool) override {}
    void accepted(const smtp::Subject&, std::string_view) override {}
    void note(const smtp::Subject&, std::string_view, std::string_view) override {}

    static std::string upper(std::string text) {
        for (char& c : text)
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        return text;
    }

    smtp::SessionOptions options_;
    smtp::UpstreamProfile profile_, initial_;
    smtp::Session* session_ = nullptr;
    Instant now_{std::chrono::hours(1)};
    bool loopback_ = true;
    bool glued_ = false;
    bool refuses_ = false;  ///< the upstream does, when it is to be connected
    bool blocked_ = false;
    bool asks_ = true;  ///< the upstream, about a blocked login

    bool client_up_ = true;
    bool client_greeted_ = false;  ///< or tried to
    bool client_secure_ = false;
    std::string from_client_;    ///< said and not read yet
    std::string client_line_;    ///< read, without its end
    std::string spoken_;         ///< the line that was read last
    std::string said_securely_;  ///< and read, by the client

    bool connected_ = false;
    bool upstream_secure_ = false;
    bool ever_secure_ = false;  ///< some upstream was
    bool greeting_due_ = false;
    std::string from_upstream_;
    std::string upstream_line_;
    std::string to_upstream_;
    std::string stopped_;  ///< the response that was judged last, when it was blocked
};

}  // namespace
}  // namespace smtpblock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    smtpblock::fuzz::Play({reinterpret_cast<const char*>(data), size});
    return 0;
}
