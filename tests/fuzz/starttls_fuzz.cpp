// A session and what happens to it on both sides (play.h), TLS above all.
#include <string>
#include <string_view>

#include "fuzz/play.h"

namespace smtpblock::fuzz {
namespace {

std::string upper(std::string text) {
    for (char& c : text)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return text;
}

class TlsPlay : public Play {
    void begin() override { initial_ = profile_; }

    bool has_upstream_tls() const {
        return options_.upstream_tls.front() != smtp::UpstreamTls::none;
    }

    /// The last line of a reply says how it came, so that it is known again at the client.
    void event(char what, std::string_view text) override {
        if (what != 'u' || !has_upstream_tls() || text.size() <= 3 || text[3] != ' ')
            return Play::event(what, text);
        Play::event(what, std::string(text) + (upstream_secure_ ? " secure" : " plain"));
    }

    void handshake(Side side) override {
        if (session_->want(side) != Want::tls_handshake) return;
        if (side == Side::upstream) {
            greeting_due_ = options_.upstream_tls.front() == smtp::UpstreamTls::starttls;
            ever_secure_ = true;
            return Play::handshake(side);
        }
        said_securely_.clear();
        const auto before = to_upstream_;
        Play::handshake(side);
        take_output();
        require(to_upstream_ == before, "a handshake alone tells the upstream nothing");
    }

    void at_rest() override {
        if (has_upstream_tls() && !ever_secure_)
            require(profile_.keywords == initial_.keywords && !profile_.learnt,
                    "nothing is learnt in clear text");
    }

    void client_says() override {
        if (client_secure_) said_securely_ += client_bytes_;
        if (client_line_.empty())
            client_greeted_ = client_greeted_ || starts_with_ignoring_case(spoken_, "EHLO ");
    }

    void client_gets(std::string_view bytes) override {
        // One that refuses the connection may, as long as there is no TLS.
        require(!upstream_secure_ || !holds(bytes, " plain\r\n"),
                "no reply in clear text reaches the client behind a handshake");
    }

    void upstream_begins() override { greeting_due_ = false; }
    void upstream_gets(std::string_view bytes) override { to_upstream_ += bytes; }

    void upstream_gets_line(std::string_view line) override {
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
    }

    void judged(smtp::Moment, const smtp::Subject& subject, Verdict) override {
        const bool tls = options_.implicit_tls || options_.starttls == smtp::StartTls::required;
        require(!tls || client_secure_, "nothing is asked for a client that is not under TLS");
        if (!client_secure_) return;
        require(holds(said_securely_, subject.sender_path), "the sender was named under TLS");
        require(holds(said_securely_, subject.recipient_path), "and the recipient");
        require(subject.users.empty() || holds(upper(said_securely_), "AUTH"),
                "a login was made under TLS");
    }

    smtp::UpstreamProfile initial_;
    bool client_greeted_ = false;  ///< or tried to
    bool ever_secure_ = false;     ///< some upstream was
    bool greeting_due_ = false;
    std::string said_securely_;  ///< and read, by the client
    std::string to_upstream_;
};

}  // namespace
}  // namespace smtpblock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    smtpblock::fuzz::TlsPlay().run({reinterpret_cast<const char*>(data), size});
    return 0;
}
