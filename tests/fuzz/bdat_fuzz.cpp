// What a client says in a session with CHUNKING, and what becomes of it upstream, split anywhere.
// The first octet: its last bit normalizes bare line ends, the next makes the upstream refuse a
// chunk, the one behind it every recipient, the fourth lets the last look at the rules fail; above
// them is the seed of the split. What the client says behind its greeting follows. The upstream
// answers at once.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/smtp/command.h"
#include "daemon/smtp/session.h"
#include "fuzz/require.h"
#include "unit/message_reading.h"
#include "unit/stirred.h"

namespace smtpblock::fuzz {
namespace {

using smtp::Side;
using smtp::Want;

struct Outcome {
    std::string client_saw;
    std::vector<std::string> messages;  ///< that the upstream has got whole

    bool operator==(const Outcome&) const = default;
};

struct Choices {
    bool normalizes = false;
    bool refuses_chunks = false;
    bool refuses_recipients = false;
    bool fails_at_end = false;
};

/// Has its own idea of a message's end, which takes more than it must: any dot alone between any
/// line ends.
class Upstream {
public:
    explicit Upstream(const Choices& choices) : choices_(choices) {}

    void gets(std::string_view bytes) {
        for (const char c : bytes) {
            if (chunk_left_ > 0) {
                message_ += c;
                if (--chunk_left_ == 0) end_chunk();
                continue;
            }
            if (std::exchange(ended_by_cr_, false) && c == '\n') continue;
            line_ += c;
            if (in_message_ ? (c == '\n' || c == '\r') : line_.ends_with("\r\n"))
                take_line(std::exchange(line_, {}));
        }
    }

    std::string take_answer() { return std::exchange(answer_, {}); }
    void begin() { *this = Upstream(choices_, std::move(messages)); }

    std::vector<std::string> messages;

private:
    Upstream(const Choices& choices, std::vector<std::string> so_far)
        : messages(std::move(so_far)), choices_(choices), answer_("220 mx ESMTP\r\n") {}

    void take_line(const std::string& line) {
        if (in_message_) {
            message_ += line;
            if (line != ".\r" && line != ".\n") return;
            ended_by_cr_ = line == ".\r";
            in_message_ = false;
            message_.resize(message_.size() - 2);
            return end_message();
        }
        require(message_.empty() || line.starts_with("BDAT ") || line == "RSET\r\n" ||
                    line == "NOOP\r\n" || line.starts_with("EHLO "),
                "in the middle of chunks there is nothing else");
        if (line.starts_with("EHLO "))
            answer_ += "250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n";
        else if (line.starts_with("BDAT "))
            return begin_chunk(line.substr(5));
        else if (line == "DATA\r\n")
            begin_data();
        else if (line.starts_with("RCPT "))
            answer_ += choices_.refuses_recipients ? "550 5.1.1 no\r\n" : "250 ok\r\n";
        else if (line.starts_with("MAIL ") || line == "RSET\r\n" || line == "NOOP\r\n")
            answer_ += "250 ok\r\n";
        else
            require(line == "QUIT\r\n", "no other command reaches the upstream");
        if (line == "RSET\r\n" || line.starts_with("EHLO ")) forget();
    }

    void begin_data() {
        answer_ += "354 go\r\n";
        in_message_ = true;
        by_data_ = true;
    }

    void begin_chunk(std::string_view argument) {
        require(!refused_ || !argument.ends_with("LAST\r\n"), "no end behind a refused chunk");
        const auto parsed = smtp::ChunkArgument::parse(argument.substr(0, argument.size() - 2));
        require(parsed.has_value(), "a chunk has a size");
        chunk_left_ = parsed->octets;
        last_ = parsed->last;
        if (chunk_left_ == 0) end_chunk();
    }

    void end_chunk() {
        if (last_) return end_message();
        refused_ = refused_ || choices_.refuses_chunks;
        answer_ += refused_ ? "452 4.3.1 full\r\n" : "250 ok\r\n";
    }

    void end_message() {
        require(!choices_.refuses_recipients, "no message for nobody");
        require(!choices_.fails_at_end, "no end of a message whose check failed");
        require(!by_data_ || is_clean(message_), "a message of one meaning, whole lines");
        require(by_data_ || has_one_meaning(), "a message of one meaning");
        messages.push_back(message_);
        forget();
        answer_ += "250 2.0.0 queued\r\n";
    }

    /// In a chunk a dot alone on a line is text, and the last line may have no end.
    bool has_one_meaning() const {
        std::string text = "x" + message_ + "x\r\n";
        for (auto at = text.find("\r\n."); at != text.npos; at = text.find("\r\n.", at + 4))
            text.insert(at + 2, ".");
        return is_clean(text);
    }

    void forget() {
        message_.clear();
        refused_ = by_data_ = false;
    }

    Choices choices_;
    std::string line_, message_, answer_ = "220 mx ESMTP\r\n";
    std::uint64_t chunk_left_ = 0;
    bool last_ = false;
    bool refused_ = false;
    bool in_message_ = false;
    bool by_data_ = false;
    bool ended_by_cr_ = false;
};

class Play : smtp::Policy {
public:
    Play(const Choices& choices, unsigned seed) : choices_(choices), state_(seed) {
        options_.hostname = "mx.example";
        options_.rcpt_reply = "554 5.7.1 <{rcpt}>: Access denied";
        options_.defer_reply = "450 4.7.1 <{rcpt}>: Access denied";
        options_.keyed_hash = stirred;
        options_.errors = 100;
        if (choices.normalizes) options_.bare_newline = smtp::BareNewline::normalize;
        profile_.keywords.chunking = true;
    }

    Outcome run(std::string_view said) {
        smtp::Session session(options_, {.session = "1", .address = "192.0.2.1"}, *this, profile_,
                              {});
        session_ = &session;
        client_says("EHLO client\r\n");
        while (!said.empty() && up_) {
            const std::string_view piece = said.substr(0, next_piece(said.size()));
            client_says(piece);
            said.remove_prefix(piece.size());
        }
        if (up_ && session.want(Side::client) == Want::read) session.on_eof(Side::client, {});
        settle();
        if (up_) close_client();
        settle();
        outcome_.messages = upstream_.messages;
        require(outcome_.messages.size() == accepted_, "what is taken is told, and nothing else");
        return outcome_;
    }

private:
    std::size_t next_piece(std::size_t left) {
        if (state_ == 0) return left;
        state_ = state_ * 1103515245U + 12345U;
        if (state_ == 0) state_ = 1;
        return std::min<std::size_t>(left,
                                     1 + (state_ >> 16U) % ((state_ >> 24U) % 4 == 0 ? 90 : 4));
    }

    void client_says(std::string_view bytes) {
        settle();
        if (session_->want(Side::client) == Want::read) {
            session_->on_lent_bytes(Side::client, bytes, {});
            take_output();
            session_->on_bytes_gone();
        }
        settle();
    }

    void settle() {
        while (step()) continue;
    }

    bool step() {
        if (take_output()) return true;
        if (up_ && session_->want(Side::client) == Want::close) {
            close_client();
            return true;
        }
        switch (session_->want(Side::upstream)) {
            case Want::connect:
                upstream_.begin();
                session_->on_connected(Side::upstream, {});
                return true;
            case Want::close:
                session_->on_closed(Side::upstream, {});
                return true;
            case Want::keep:
                session_->on_kept(true, {});
                return true;
            case Want::read:
                if (const std::string answer = upstream_.take_answer(); !answer.empty()) {
                    session_->on_bytes(Side::upstream, answer, {});
                    return true;
                }
                return false;
            case Want::nothing:
            case Want::tls_handshake:
                return false;
        }
        return false;
    }

    void close_client() {
        up_ = false;
        session_->on_closed(Side::client, {});
    }

    bool take_output() {
        bool any = false;
        for (const Side side : {Side::client, Side::upstream}) {
            const std::string bytes(session_->output(side));
            if (bytes.empty() || (side == Side::client && !up_)) continue;
            any = true;
            if (side == Side::client)
                outcome_.client_saw += bytes;
            else
                upstream_.gets(bytes);
            session_->on_written(side, bytes.size(), {});
        }
        return any;
    }

    // smtp::Policy

    Verdict check(smtp::Moment moment, const smtp::Subject&) override {
        const bool fails = choices_.fails_at_end && moment == smtp::Moment::end;
        return fails ? Verdict::reject : Verdict::pass;
    }
    smtp::LoginVerdict check_login(const smtp::Subject& subject, std::size_t) override {
        return {check(smtp::Moment::auth, subject), true};
    }
    void authenticated(const smtp::Subject&, smtp::LoginResult) override {}
    void accepted(const smtp::Subject&, std::string_view) override { ++accepted_; }
    void note(const smtp::Subject&, std::string_view, std::string_view) override {}

    Choices choices_;
    std::uint32_t state_;
    smtp::SessionOptions options_;
    smtp::UpstreamProfile profile_;
    smtp::Session* session_ = nullptr;
    Upstream upstream_{choices_};
    Outcome outcome_;
    std::size_t accepted_ = 0;
    bool up_ = true;
};

}  // namespace
}  // namespace smtpblock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace smtpblock::fuzz;
    if (size == 0) return 0;
    const Choices choices{.normalizes = (data[0] & 1U) != 0,
                          .refuses_chunks = (data[0] & 2U) != 0,
                          .refuses_recipients = (data[0] & 4U) != 0,
                          .fails_at_end = (data[0] & 8U) != 0};
    const std::string_view said(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Outcome whole = Play(choices, 0).run(said);
    const Outcome split = Play(choices, 1U + (data[0] >> 4U)).run(said);
    require(split.messages == whole.messages, "a split changes no message");
    return 0;
}
