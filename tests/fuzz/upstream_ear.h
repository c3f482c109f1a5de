// What an upstream makes of the octets that it gets: it reads them as a server does, and holds what
// it hears against what the rules allowed. Told of its own replies, since 354 alone makes a message
// of what follows.
#pragma once

#include <charconv>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "daemon/smtp/proxy_header.h"
#include "daemon/smtp/reply_parser.h"
#include "fuzz/require.h"

namespace smtpblock::fuzz {

class UpstreamEar {
public:
    void allow_recipient(std::string_view path) { ++allowed_[std::string(path)]; }
    /// The last look at a message: whether its end may come.
    void judge_end(bool passes) { end_may_come_ = passes; }

    /// A new connection.
    void begin(bool proxy) {
        pending_ = {"greeting"};
        replies_ = {};
        is_deaf_ = in_message_ = false;
        line_.clear();
        chunk_octets_ = 0;
        header_due_ = proxy;
        end_may_come_ = false;
    }

    void hear(std::string_view bytes) {
        for (const char c : bytes) hear(c);
    }

    /// The upstream's own words, before they are read.
    void say(std::string_view bytes) {
        while (!bytes.empty() && !is_deaf_) {
            const auto state = replies_.take(bytes);
            if (state == smtp::ReplyParser::State::more) return;
            // Nothing that follows is believed, and the connection is closed.
            is_deaf_ = state == smtp::ReplyParser::State::malformed || pending_.empty();
            if (is_deaf_) return;
            const smtp::Reply reply = replies_.reply();
            const std::string command = pending_.front();
            pending_.pop_front();
            if (command == "DATA" && reply.code == 354) in_message_ = true;
            if (command == "end" && reply.positive()) ++taken_;
        }
    }

    /// What was said before a handshake is forgotten.
    void secure(bool greeting) {
        replies_ = {};
        pending_.clear();
        if (greeting) pending_.emplace_back("greeting");
    }

    /// The command that is to be answered next; empty when none is.
    std::string next() const { return pending_.empty() ? std::string() : pending_.front(); }
    /// Messages that it has taken.
    unsigned taken() const { return taken_; }

private:
    void hear(char c) {
        line_ += c;
        if (header_due_) return take_header();
        if (chunk_octets_ != 0) {
            check_octet(c);
            --chunk_octets_;
            line_.clear();
            return;
        }
        if (in_message_) check_octet(c);
        last_ = c;
        if (c != '\n') return;
        const std::string line = std::exchange(line_, {});
        require(line.ends_with("\r\n"), "a line ends with CRLF");
        if (!in_message_) return take_command(std::string_view(line).substr(0, line.size() - 2));
        if (line != ".\r\n") return;
        in_message_ = false;
        take_end();
    }

    void take_header() {
        const auto header = smtp::ProxyHeader::parse(line_);
        require(header.state != smtp::ProxyHeader::State::malformed, "a header is one");
        if (header.state == smtp::ProxyHeader::State::more) return;
        header_due_ = false;
        line_.clear();
    }

    void check_octet(char c) {
        require(c != '\0', "no NUL of a message goes on");
        require((last_ == '\r') == (c == '\n'), "nor a bare CR or LF");
        last_ = c;
    }

    void take_command(std::string_view command) {
        if (command.starts_with("RCPT TO:<")) {
            const auto end = command.rfind('>');
            require(end != command.npos, "a path has its end");
            take_recipient(command.substr(9, end - 9));
        }
        if (command.starts_with("BDAT ")) return take_chunk(command.substr(5));
        pending_.emplace_back(command);
    }

    /// Parameters may hold a `>` as well, so each `>` may be the path's end.
    void take_recipient(std::string_view path) {
        for (;;) {
            const auto found = allowed_.find(std::string(path));
            if (found != allowed_.end() && found->second > 0) {
                --found->second;
                return;
            }
            const auto end = path.rfind('>');
            require(end != path.npos, "only a recipient that passed is named, once each time");
            path = path.substr(0, end);
        }
    }

    void take_chunk(std::string_view argument) {
        const auto [end, error] =
            std::from_chars(argument.data(), argument.data() + argument.size(), chunk_octets_);
        require(error == std::errc(), "a chunk has its size");
        const bool last = std::string_view(end, argument.data() + argument.size()) == " LAST";
        last_ = '\n';
        if (last) return take_end();
        pending_.emplace_back("chunk");
    }

    void take_end() {
        require(std::exchange(end_may_come_, false), "the end comes when the last look has passed");
        pending_.emplace_back("end");
    }

    std::map<std::string, int> allowed_;
    bool end_may_come_ = false;
    unsigned taken_ = 0;

    std::deque<std::string> pending_;
    smtp::ReplyParser replies_;
    std::string line_;
    char last_ = '\n';
    std::uint64_t chunk_octets_ = 0;
    bool in_message_ = false;
    bool header_due_ = false;
    bool is_deaf_ = false;
};

}  // namespace smtpblock::fuzz
