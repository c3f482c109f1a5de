#include "daemon/smtp/reply_parser.h"

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "daemon/smtp/limits.h"

namespace smtpblock::smtp {
namespace {

constexpr std::size_t text_begin = 4;  // behind "250 " or "250-"

bool is_allowed(char c) {
    return !is_control(c) || c == '\t';
}

}  // namespace

std::vector<std::string> Reply::lines() const {
    std::vector<std::string> out;
    for (std::string_view rest = wire; !rest.empty();) {
        const auto end = rest.find("\r\n");
        const std::string_view line = rest.substr(0, end);
        out.emplace_back(line.substr(std::min(text_begin, line.size())));
        rest.remove_prefix(end + 2);
    }
    return out;
}

std::string_view Reply::text() const {
    const std::string_view line = std::string_view(wire).substr(0, wire.find("\r\n"));
    return line.substr(std::min(text_begin, line.size()));
}

ReplyParser::State ReplyParser::take(std::string_view& bytes) {
    while (!bytes.empty()) {
        const auto lf = bytes.find('\n');
        const std::string_view piece = bytes.substr(0, lf == bytes.npos ? lf : lf + 1);
        reply_.wire += piece;
        bytes.remove_prefix(piece.size());
        const std::size_t line_octets = reply_.wire.size() - line_begin_;
        const bool challenge = reply_.wire.compare(line_begin_, 3, "334") == 0;
        const auto most = challenge ? limits::auth_line_octets : limits::reply_line_octets;
        if (line_octets > most || reply_.wire.size() > limits::reply_octets)
            return State::malformed;
        if (lf == std::string_view::npos) return State::more;
        if (!end_line()) return State::malformed;
        if (last_line_) return State::complete;
    }
    return State::more;
}

bool ReplyParser::end_line() {
    std::string_view line = std::string_view(reply_.wire).substr(line_begin_);
    if (!line.ends_with("\r\n")) return false;
    line.remove_suffix(2);
    if (line.size() < 3 || !std::all_of(line.begin(), line.begin() + 3, is_digit) ||
        !std::all_of(line.begin(), line.end(), is_allowed))
        return false;
    const auto digit = [&](std::size_t i) { return static_cast<unsigned>(line[i] - '0'); };
    const unsigned code = digit(0) * 100 + digit(1) * 10 + digit(2);
    const char separator = line.size() == 3 ? ' ' : line[3];
    if (code < 200 || code > 599 || (separator != ' ' && separator != '-')) return false;
    if (line_begin_ != 0 && code != reply_.code) return false;
    reply_.code = code;
    last_line_ = separator == ' ';
    line_begin_ = reply_.wire.size();
    return true;
}

Reply ReplyParser::reply() {
    line_begin_ = 0;
    last_line_ = false;
    return std::exchange(reply_, Reply{});
}

}  // namespace smtpblock::smtp
