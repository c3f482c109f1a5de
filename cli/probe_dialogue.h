// The client's side of SMTP (RFC 5321) up to the recipient, and never as far as a message: what
// `probe` asks a server. A function of what happened, without a socket or a clock. It trusts the
// server with nothing: a reply is text to be shown, of bounded length, and what is none ends the
// dialogue.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smtpblock {

/// The sender that is played. All texts are free of control characters.
struct ProbeQuestion {
    struct Login {
        std::string user;
        std::string password;
    };

    std::string ehlo;  ///< empty: he does not greet
    std::optional<Login> login{};
    std::string from;  ///< without brackets; empty: the null sender
    std::string to;    ///< without brackets
};

struct ProbeVerdict {
    enum class Kind : std::uint8_t {
        accepted,  ///< the recipient was taken
        deferred,  ///< 4xx: he would try again
        refused,   ///< 5xx
        failed,    ///< nothing that was said tells
    };

    Kind kind = Kind::failed;
    std::string at;     ///< `RCPT TO`; `the greeting`
    unsigned code = 0;  ///< 0 when it failed, or has none
    std::string reply;  ///< the whole of it in a line; when it failed, why
};

class ProbeDialogue {
public:
    struct Line {
        bool ours;
        std::string text;   ///< without CRLF; ours without the password
        unsigned code = 0;  ///< of the server's: 0 when it has none
    };

    explicit ProbeDialogue(ProbeQuestion question) : question_(std::move(question)) {}
    /// Wipes the password.
    ~ProbeDialogue();
    ProbeDialogue(const ProbeDialogue&) = delete;
    ProbeDialogue& operator=(const ProbeDialogue&) = delete;

    void on_bytes(std::string_view bytes);
    void on_closed();

    /// What to send, to be taken after each event.
    std::string take_output() { return std::exchange(output_, {}); }
    /// What was said on either side since the last call.
    std::vector<Line> take_lines() { return std::exchange(lines_, {}); }
    /// Nothing more is to be sent or read.
    bool finished() const { return finished_; }
    /// Once finished.
    const ProbeVerdict& verdict() const { return *verdict_; }

private:
    enum class At : std::uint8_t {
        greeting,
        ehlo,
        helo,
        auth_plain,
        auth_login,
        auth_user,
        auth_secret,
        mail,
        rcpt,
        quit
    };
    struct Reply {
        unsigned code = 0;
        std::vector<std::string> texts;  ///< behind the code, a line each
        std::string in_a_line() const;
    };

    bool take_line(std::string line);
    void on_reply(const Reply& reply);
    void say(At next, const std::string& line, std::string shown = {});
    void after_greetings();
    void log_in();
    void conclude(ProbeVerdict::Kind kind, const Reply& reply);
    void fail(std::string why);
    std::string_view asked() const;
    std::string secret_of_plain() const;

    ProbeQuestion question_;
    At at_ = At::greeting;
    std::string buffer_;  ///< a line that has no end yet
    Reply reply_;         ///< its lines so far
    std::size_t reply_octets_ = 0;
    bool offers_plain_ = false;
    bool offers_login_ = false;
    std::string output_;
    std::vector<Line> lines_;
    std::optional<ProbeVerdict> verdict_;
    bool finished_ = false;
};

}  // namespace smtpblock
