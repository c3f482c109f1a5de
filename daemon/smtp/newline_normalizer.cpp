#include "daemon/smtp/newline_normalizer.h"

#include <algorithm>

#include "daemon/smtp/plain_octets.h"

namespace smtpblock::smtp {

NewlineNormalizer::Scan NewlineNormalizer::scan(std::string_view bytes, Output* out) {
    Scan result;
    while (result.taken < bytes.size() && !result.complete) {
        const std::string_view rest = bytes.substr(result.taken);
        const std::size_t octets = text_octets(rest);
        if (octets == 0) {
            result.complete = step(rest.front(), out);
            ++result.taken;
            continue;
        }
        const char last = rest[octets - 1];
        at_ = last == '\n' ? At::line_start : last == '\r' ? At::cr : At::inside;
        put(rest.substr(0, at_ == At::cr ? octets - 1 : octets), out);
        result.taken += octets;
    }
    return result;
}

/// How many octets at the head of `bytes` go on as they are, but for a CR that is the last of them.
std::size_t NewlineNormalizer::text_octets(std::string_view bytes) const {
    const bool at_line_start = at_ == At::line_start || at_ == At::new_line;
    if (at_ != At::inside && (!at_line_start || bytes.front() == '.')) return 0;
    if (const std::size_t plain = plain_octets(bytes); plain > 0) return plain;
    constexpr std::string_view special{"\r\n\0", 3};
    return std::min(bytes.find_first_of(special), bytes.size());
}

/// True when `c` is the last octet of the message.
bool NewlineNormalizer::step(char c, Output* out) {
    switch (at_) {
        case At::line_start:
            if (c == '.' && framing_ == Framing::dotted) {
                at_ = At::dot;
                return false;
            }
            break;
        case At::dot:
            if (c == '\r') {
                at_ = At::dot_cr;
                return false;
            }
            at_ = At::new_line;  // the client's dot was a stuffed one
            break;
        case At::dot_cr:
            if (c == '\n') return true;
            put("\r\n", out);
            at_ = At::new_line;
            break;
        case At::cr:
            put("\r\n", out);
            at_ = c == '\n' ? At::line_start : At::new_line;
            if (c == '\n') return false;
            break;
        case At::new_line:
        case At::inside:
            break;
    }
    text(c, out);
    return false;
}

void NewlineNormalizer::text(char c, Output* out) {
    const bool begins_line = at_ != At::inside;
    switch (c) {
        case '\r':
            at_ = At::cr;
            return;
        case '\n':
            put("\r\n", out);
            at_ = At::new_line;
            return;
        case '\0':
            bad_octet_ = "NUL";
            break;
        case '.':
            put(begins_line ? ".." : ".", out);
            break;
        default:
            put({&c, 1}, out);
            break;
    }
    at_ = At::inside;
}

void NewlineNormalizer::finish(Output* out) {
    if (at_ == At::cr || at_ == At::inside) put("\r\n", out);
}

}  // namespace smtpblock::smtp
