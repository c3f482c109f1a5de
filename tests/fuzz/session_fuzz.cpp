// A session and what happens to it on both sides (play.h): the promise of the contract, as the
// upstream sees it (upstream_ear.h), and what its client may hear.
#include <string>
#include <string_view>

#include "fuzz/play.h"
#include "fuzz/upstream_ear.h"

namespace smtpblock::fuzz {
namespace {

class PromisePlay : public Play {
    void setting(char letter) override {
        switch (letter) {
            case 'P':
                options_.client_address = smtp::ClientAddress::proxy;
                break;
            case 'X':
                options_.client_address = smtp::ClientAddress::xclient;
                break;
            case 'M':
                client_.may_xclient = true;
                break;
            case 'N':
                options_.bare_newline = smtp::BareNewline::normalize;
                break;
            case 'I':
                options_.direction = Direction::in;
                break;
            case 'D':
                profile_.keywords.dsn = profile_.keywords.smtputf8 = true;
                profile_.keywords.size = 100'000;
                break;
            case 'B':
                profile_.keywords.chunking = true;
                break;
            case 'E':
                options_.errors = 3;
                break;
            case 'R':
                options_.recipients = 2;
                break;
            case '1':
                piece_ = 1;
                break;
            default:
                Play::setting(letter);
        }
    }

    void event(char what, std::string_view text) override {
        switch (what) {
            case 'a':
                return answer(false);
            case 'r':
                return answer(true);
            case 'z':
                deaf_ = !deaf_;
                return;
            default:
                Play::event(what, text);
        }
    }

    /// As a server would: yes, or no. Behind what is still unread it would answer something else.
    void answer(bool refuse) {
        if (!from_upstream_.empty()) return;
        const std::string command = ear_.next();
        if (command.empty()) return;
        const bool greets = command.starts_with("EHLO ");
        Play::event('u', refuse                              ? "550 no"
                         : command == "greeting"             ? "220 mx.example ESMTP"
                         : command == "DATA"                 ? "354 go"
                         : command == "end"                  ? "250 taken"
                         : command == "STARTTLS"             ? "220 go"
                         : command.starts_with("XCLIENT ")   ? "220 mx.example ESMTP"
                         : command.starts_with("AUTH PLAIN") ? "235 in"
                         : greets                            ? offer
                                                             : "250 ok");
    }

    void handshake(Side side) override {
        const bool greeting = options_.upstream_tls.front() == smtp::UpstreamTls::implicit;
        if (side == Side::upstream && session_->want(side) == Want::tls_handshake)
            ear_.secure(greeting);
        Play::handshake(side);
    }

    void begin() override {
        client_.client = Endpoint{*IpAddress::parse("192.0.2.7"), 1024};
        client_.server = Endpoint{*IpAddress::parse("192.0.2.1"), 25};
    }

    void upstream_begins() override {
        ear_.begin(options_.client_address == smtp::ClientAddress::proxy);
    }
    void upstream_gets(std::string_view bytes) override { ear_.hear(bytes); }
    void upstream_says(std::string_view bytes) override { ear_.say(bytes); }

    void judged(smtp::Moment moment, const smtp::Subject& subject, Verdict verdict) override {
        const bool passes = verdict == Verdict::pass;
        if (moment == smtp::Moment::rcpt && passes) ear_.allow_recipient(subject.recipient_path);
        if (moment == smtp::Moment::end) ear_.judge_end(passes);
    }

    void accepted(const smtp::Subject&, std::string_view) override {
        require(++accepted_ <= ear_.taken(), "a message is taken when the upstream has taken it");
    }

    void client_gets(std::string_view bytes) override {
        while (!bytes.empty()) {
            const auto state = replies_.take(bytes);
            require(state != smtp::ReplyParser::State::malformed, "a client hears replies");
            if (state == smtp::ReplyParser::State::complete) (void)replies_.reply();
        }
    }

    static constexpr std::string_view offer =
        "250-mx.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n"
        "250-SIZE 100000\r\n250-STARTTLS\r\n250-XCLIENT NAME ADDR PORT PROTO HELO\r\n"
        "250-AUTH PLAIN LOGIN SCRAM-SHA-256\r\n250 CHUNKING";

    UpstreamEar ear_;
    unsigned accepted_ = 0;
    smtp::ReplyParser replies_;  ///< what the client has heard
};

}  // namespace
}  // namespace smtpblock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    smtpblock::fuzz::PromisePlay().run({reinterpret_cast<const char*>(data), size});
    return 0;
}
