// One connection of a mail server that only listens: it knows what it got and what it answered.
// An automatic one answers by itself, always well.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smtpblock::transcripts {

/// What an upstream got over all its connections.
struct UpstreamTally {
    std::map<std::string, int> recipients;  ///< by path
    int plain_secrets = 0;                  ///< `secret` as the secret of AUTH PLAIN
    int data = 0;
    int ends = 0;                       ///< of messages, by a dot or by the last chunk
    std::vector<std::string> messages;  ///< each whole one, dots unstuffed
    int messages_taken = 0;             ///< a 2xx was said to a whole message
    bool early_message = false;
    std::string everything;  ///< that was said by it
};

class FakeUpstream {
public:
    FakeUpstream(UpstreamTally& tally, bool automatic) : tally_(tally), automatic_(automatic) {
        greet();
    }

    bool automatic() const { return automatic_; }
    /// The handshake is done: of what was said before it nothing counts. Where it comes first, the
    /// banner is next.
    void forget() {
        const bool implicit_tls = !expected_.empty() && expected_.front() == "banner";
        expected_.clear();
        line_.clear();
        reply_line_.clear();
        answer_.clear();
        if (implicit_tls) greet();
    }

    /// It was greeted by an earlier session.
    void be_idle() {
        expected_.clear();
        answer_.clear();
    }

    /// Takes no command now.
    bool is_busy() const { return in_message_ || in_auth_ || !expected_.empty(); }

    void gets(std::string_view bytes);
    /// Bytes of its, as they reach the session.
    void said(std::string_view bytes);
    /// What an automatic one wants to say.
    std::string take_answer() { return std::exchange(answer_, {}); }

private:
    void greet() {
        if (automatic_) answer_ = "220 mx.example.org ESMTP robot\r\n";
        expected_.push_back("banner");
    }
    void take_line(std::string line);
    void take_reply(const std::string& line);
    void take_chunk_size(std::string_view line);
    void end_chunk();
    void end_message();
    void look_for_secret(std::string_view line);
    std::string answer_to(const std::string& line) const;

    UpstreamTally& tally_;
    bool automatic_;
    bool in_message_ = false;
    std::size_t chunk_left_ = 0;  ///< octets of a BDAT chunk to come
    std::size_t chunk_octets_ = 0;
    bool last_chunk_ = false;
    std::string message_;
    bool in_auth_ = false;  ///< the next line answers a 334
    bool is_plain_ = false;
    std::string line_, reply_line_, answer_;
    std::deque<std::string> expected_;
};

}  // namespace smtpblock::transcripts
