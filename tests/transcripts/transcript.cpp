#include "transcripts/transcript.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

namespace smtpblock::transcripts {
namespace {

/// `text` without escapes. Sets `open` when it ends in `\c`.
std::string unescaped(std::string_view text, bool& open) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '{') {
            const auto star = text.find('*', i);
            const auto end = text.find('}', i);
            if (end != text.npos && star < end && text[i + 1] >= '0' && text[i + 1] <= '9') {
                bool ignored = false;
                const std::string piece = unescaped(text.substr(star + 1, end - star - 1), ignored);
                for (int n = std::stoi(std::string(text.substr(i + 1))); n > 0; --n) out += piece;
                i = end;
                continue;
            }
        }
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        switch (text[++i]) {
            case 'r':
                out += '\r';
                break;
            case 'n':
                out += '\n';
                break;
            case 't':
                out += '\t';
                break;
            case 's':
                out += ' ';
                break;
            case '0':
                out += '\0';
                break;
            case 'c':
                open = true;
                break;
            case 'x':
                out +=
                    static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
                i += 2;
                break;
            default:
                out += text[i];
        }
    }
    return out;
}

std::string unescaped(std::string_view text) {
    bool ignored = false;
    return unescaped(text, ignored);
}

/// ` | ` stands between the parts.
std::vector<std::string_view> parts_of(std::string_view text) {
    std::vector<std::string_view> parts;
    for (auto bar = text.find(" | "); bar != text.npos; bar = text.find(" | ")) {
        parts.push_back(text.substr(0, bar));
        text.remove_prefix(bar + 3);
    }
    parts.push_back(text);
    return parts;
}

std::string packet(std::string_view text) {
    std::string out;
    for (const std::string_view part : parts_of(text)) {
        bool open = false;
        out += unescaped(part, open);
        if (!open) out += "\r\n";
    }
    return out;
}

/// Takes `word` and the spaces behind it off the head of `text`.
bool take_word(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) return false;
    if (text.size() > word.size() && text[word.size()] != ' ') return false;
    text.remove_prefix(word.size());
    while (text.starts_with(' ')) text.remove_prefix(1);
    return true;
}

class Parser {
public:
    explicit Parser(std::string name) { transcript_.name = std::move(name); }

    void take(std::string_view line) {
        ++line_;
        if (line.empty() || line.front() == '#') return;
        if (line.front() == '[') return take_bracket(line);
        const std::string_view mark = line.substr(0, 2);
        std::string_view text = line.substr(std::min<std::size_t>(2, line.size()));
        if (text.starts_with(' ')) text.remove_prefix(1);
        if (mark == "C:")
            add(Act::client_says, packet(text));
        else if (mark == "S:")
            text == "closed" ? add(Act::client_sees_end, "")
                             : add(Act::client_sees, unescaped(text));
        else if (mark == "S~")
            add(Act::client_sees_like, std::string(text));
        else if (mark == "U<")
            add(Act::upstream_says, packet(text));
        else if (mark == "U>")
            text == "cut off"  ? add(Act::upstream_is_cut_off, "")
            : text == "closed" ? add(Act::upstream_gets_end, "")
                               : add(Act::upstream_gets, unescaped(text));
        else if (mark == "U~")
            add(Act::upstream_gets_like, std::string(text));
        else
            fail(line);
    }

    Transcript finish() && {
        if (transcript_.steps.empty()) fail("no steps");
        return std::move(transcript_);
    }

private:
    [[noreturn]] void fail(std::string_view what) const {
        throw std::runtime_error(
            fmt::format("{}:{}: cannot be read: {}", transcript_.name, line_, what));
    }

    void add(Act act, std::string text, std::chrono::seconds time = {}) {
        transcript_.steps.push_back({act, std::move(text), time, line_});
    }

    void take_bracket(std::string_view line) {
        const auto end = line.find(']');
        if (end == line.npos) fail(line);
        const std::string_view word = line.substr(1, end - 1);
        std::string_view text = line.substr(end + 1);
        while (text.starts_with(' ')) text.remove_prefix(1);
        if (word == "rules") {
            if (take_word(text, "delete")) return add(Act::rule_deleted, std::string(text));
            take_word(text, "add");
            add(Act::rule_added, std::string(text));
        } else if (word == "listener") {
            take_options(text);
        } else if (word == "upstream") {
            take_upstream(text);
        } else if (word == "client") {
            if (text == "closes") return add(Act::client_half_closes, "");
            if (text == "resets") return add(Act::client_resets, "");
            if (text == "starts TLS") return add(Act::client_starts_tls, "");
            if (text == "waits") return add(Act::client_waits, "");
            fail(line);
        } else if (word == "store" && text == "breaks") {
            add(Act::store_breaks, "");
        } else if (word == "daemon" && text == "drains") {
            add(Act::daemon_drains, "");
        } else if (word == "time" && text.ends_with('s')) {
            add(Act::time_passes, "", std::chrono::seconds(std::stoi(std::string(text))));
        } else {
            fail(line);
        }
    }

    void take_upstream(std::string_view text) {
        if (text == "never connected")
            transcript_.never_connected = true;
        else if (text == "is kept" || text == "is not kept")
            transcript_.is_kept = text == "is kept";
        else if (text == "starts TLS")
            add(Act::upstream_starts_tls, "");
        else if (text == "closes")
            add(Act::upstream_closes, "");
        else if (text == "resets")
            add(Act::upstream_resets, "");
        else if (text == "refuses the connection")
            add(Act::upstream_refuses, "");
        else if (text == "is silent")
            add(Act::upstream_is_silent, "");
        else if (text == "stops reading")
            add(Act::upstream_stops_reading, "");
        else if (text == "answers")
            add(Act::upstream_answers, "");
        else if (take_word(text, "never gets"))
            transcript_.never_gets.push_back(unescaped(text));
        else if (take_word(text, "greets"))
            take_greeting(text);
        else
            fail(text);
    }

    void take_greeting(std::string_view text) {
        const auto space = std::min(text.find(' '), text.size());
        add(Act::upstream_says, "220 mx.example.org ESMTP Postfix\r\n");
        add(Act::upstream_gets, fmt::format("EHLO {}", text.substr(0, space)));
        const std::string_view keywords = space == text.size()
                                              ? "PIPELINING | 8BITMIME | ENHANCEDSTATUSCODES"
                                              : text.substr(space + 1);
        const auto lines = parts_of(keywords);
        std::string reply = "250-mx.example.org\r\n";
        for (const auto& keyword : lines)
            reply += fmt::format("250{}{}\r\n", &keyword == &lines.back() ? ' ' : '-', keyword);
        add(Act::upstream_says, reply);
    }

    /// `key=value key="a value"`.
    void take_options(std::string_view text) {
        while (!text.empty()) {
            const auto equals = text.find('=');
            if (equals == text.npos) fail(text);
            const bool quoted = text.substr(equals + 1).starts_with('"');
            const auto end = quoted ? text.find('"', equals + 2) : text.find(' ', equals);
            const std::size_t from = equals + (quoted ? 2 : 1);
            transcript_.listener.push_back(std::string(text.substr(0, equals + 1)) +
                                           std::string(text.substr(from, end - from)));
            text.remove_prefix(end == text.npos ? text.size() : end + 1);
            while (text.starts_with(' ')) text.remove_prefix(1);
        }
    }

    Transcript transcript_;
    int line_ = 0;
};

}  // namespace

Transcript parse(std::string name, std::string_view text) {
    Parser parser(std::move(name));
    while (!text.empty()) {
        const auto end = text.find('\n');
        parser.take(text.substr(0, end));
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    return std::move(parser).finish();
}

Transcript read(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error(path + ": cannot be opened");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    return parse(path.substr(path.rfind('/') + 1), text);
}

}  // namespace smtpblock::transcripts
