#include "daemon/smtp/data_scanner.h"

#include <algorithm>

#include "daemon/smtp/plain_octets.h"

namespace smtpblock::smtp {

std::string_view DataScanner::held_in(At at) {
    switch (at) {
        case At::line_start:
        case At::inside:
            return {};
        case At::dot:
            return ".";
        case At::dot_cr:
            return ".\r";
        case At::cr:
            return "\r";
    }
    return {};
}

DataScanner::Scan DataScanner::scan(std::string_view bytes) {
    Scan result;
    const std::string_view held = held_in(at_);
    std::size_t good = 0;  // octets of `held` and `bytes` together that may go on
    std::size_t i = 0;
    while (i < bytes.size() && !result.complete) {
        const bool at_text = at_ == At::inside || (at_ == At::line_start && bytes[i] != '.');
        if (const std::size_t plain = at_text ? plain_octets(bytes.substr(i)) : 0; plain > 0) {
            i += plain;
            at_ = bytes[i - 1] == '\n'   ? At::line_start
                  : bytes[i - 1] == '\r' ? At::cr
                                         : At::inside;
        } else {
            result.complete = step(bytes[i++]);
        }
        // At the end the dot and its CR stand behind what is good.
        if (bad_octet_ == nullptr && !result.complete) good = held.size() + i - held_in(at_).size();
    }
    result.taken = i;
    result.held = held.substr(0, std::min(good, held.size()));
    result.passed = bytes.substr(0, good - result.held.size());
    return result;
}

void DataScanner::finish() {
    if (at_ == At::cr && bad_octet_ == nullptr) bad_octet_ = "<CR>";
}

/// True when `c` is the last octet of the message.
bool DataScanner::step(char c) {
    const char* bad = nullptr;
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
            break;
        case At::dot_cr:
            if (c == '\n') return true;
            bad = "<CR>";
            break;
        case At::cr:
            if (c == '\n') {
                at_ = At::line_start;
                return false;
            }
            bad = "<CR>";
            break;
        case At::inside:
            break;
    }
    at_ = c == '\r' ? At::cr : At::inside;
    if (bad == nullptr && c == '\n') bad = "<LF>";
    if (bad == nullptr && c == '\0') bad = "NUL";
    if (bad_octet_ == nullptr) bad_octet_ = bad;
    return false;
}

}  // namespace smtpblock::smtp
