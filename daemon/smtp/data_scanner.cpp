#include "daemon/smtp/data_scanner.h"

#include <cstring>

namespace smtpblock::smtp {
namespace {

/// How many octets at the head of `bytes`, which stand inside a line, need no look of the state
/// machine: whole lines that end in CRLF and are not followed by a dot, without a bare CR or NUL.
std::size_t plain_octets(std::string_view bytes) {
    std::size_t begin = 0;
    for (;;) {
        const auto lf = bytes.find('\n', begin);
        if (lf == std::string_view::npos || lf == begin) return begin;
        const char* const line = bytes.data() + begin;
        const std::size_t before_lf = lf - begin;
        const void* const cr = std::memchr(line, '\r', before_lf);
        if (cr != line + before_lf - 1 || std::memchr(line, '\0', before_lf) != nullptr)
            return begin;
        begin = lf + 1;
        if (begin == bytes.size() || bytes[begin] == '.') return begin;
    }
}

}  // namespace

void DataScanner::pass(std::string_view bytes, std::string& out) const {
    if (bad_octet_ == nullptr) out += bytes;
}

void DataScanner::bad(const char* what) {
    if (bad_octet_ == nullptr) bad_octet_ = what;
}

DataScanner::Verdict DataScanner::scan(std::string_view bytes, std::size_t& taken,
                                       std::string& out) {
    for (std::size_t i = 0; i < bytes.size();) {
        const bool at_text = at_ == At::inside || (at_ == At::line_start && bytes[i] != '.');
        if (const std::size_t plain = at_text ? plain_octets(bytes.substr(i)) : 0; plain > 0) {
            pass(bytes.substr(i, plain), out);
            i += plain;
            at_ = At::line_start;
            continue;
        }
        if (step(bytes[i++], out)) {
            taken = i;
            return Verdict::complete;
        }
    }
    taken = bytes.size();
    return Verdict::more;
}

/// True when `c` is the last octet of the message. A CR is held back until the octet behind it is
/// known, and a dot that begins a line until it is not the last one.
bool DataScanner::step(char c, std::string& out) {
    switch (at_) {
        case At::line_start:
            if (c == '.') {
                at_ = At::dot;
                return false;
            }
            break;
        case At::dot:
            if (c == '\r') {
                at_ = At::dot_cr;
                return false;
            }
            pass(".", out);
            break;
        case At::dot_cr:
            if (c == '\n') return true;
            bad("<CR>");
            break;
        case At::cr:
            if (c == '\n') {
                pass("\r\n", out);
                at_ = At::line_start;
                return false;
            }
            bad("<CR>");
            break;
        case At::inside:
            break;
    }
    if (c == '\r') {
        at_ = At::cr;
        return false;
    }
    if (c == '\n') bad("<LF>");
    if (c == '\0') bad("NUL");
    pass({&c, 1}, out);
    at_ = At::inside;
    return false;
}

}  // namespace smtpblock::smtp
