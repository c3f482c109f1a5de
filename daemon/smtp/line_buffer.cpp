#include "daemon/smtp/line_buffer.h"

#include <algorithm>

#include "common/text.h"
#include "daemon/smtp/limits.h"

namespace smtpblock::smtp {

void LineBuffer::append(std::string_view bytes) {
    if (begin_ > size()) drop_taken();
    const std::size_t octets = bytes_.size() + bytes.size();
    if (octets > bytes_.capacity()) grow(bytes_, std::max(octets, 2 * bytes_.capacity()));
    bytes_ += bytes;
}

LineBuffer::State LineBuffer::next(std::size_t limit) {
    if (skipping_)
        if (const State state = skip(); state != State::line) return state;

    const std::string_view bytes = rest();
    for (std::size_t i = scanned_; i < bytes.size(); ++i) {
        const char c = bytes[i];
        if (c == '\r') {
            if (i + 1 == bytes.size()) {
                scanned_ = i;
                return State::more;
            }
            if (bytes[i + 1] != '\n') return spoil(State::bad_octet);
            line_.assign(bytes.substr(0, i));
            take_line(i + 2);
            return State::line;
        }
        if (is_control(c) && c != '\t') return spoil(State::bad_octet);
        if (i + 2 >= limit) return spoil(State::too_long);
    }
    scanned_ = bytes.size();
    return State::more;
}

LineBuffer::State LineBuffer::spoil(State state) {
    skipping_ = true;
    skipped_ = 0;
    return state;
}

/// Drops octets up to the CRLF; a CR at the very end stays, since an LF may follow it.
LineBuffer::State LineBuffer::skip() {
    const std::string_view bytes = rest();
    const auto end = bytes.find("\r\n");
    if (end != std::string_view::npos) {
        skipping_ = false;
        take_line(end + 2);
        return skipped_ + end > limits::skipped_octets ? State::flood : State::line;
    }
    const std::size_t octets = bytes.ends_with('\r') ? bytes.size() - 1 : bytes.size();
    skipped_ += octets;
    take_line(octets);
    return skipped_ > limits::skipped_octets ? State::flood : State::more;
}

void LineBuffer::take_line(std::size_t octets) {
    smtp::wipe(bytes_.data() + begin_, octets);
    take(octets);
}

void LineBuffer::clear() {
    take_line(size());
}

/// What is never quite empty must not keep all that ever went through it.
void LineBuffer::drop_taken() {
    const std::size_t left = size();
    std::copy_n(bytes_.data() + begin_, left, bytes_.data());
    smtp::wipe(bytes_.data() + left, begin_);
    bytes_.resize(left);
    begin_ = 0;
}

void LineBuffer::wipe() {
    smtp::wipe(bytes_.data(), bytes_.size());
}

void LineBuffer::take(std::size_t octets) {
    begin_ += octets;
    scanned_ = 0;
    if (begin_ != bytes_.size()) return;
    constexpr std::size_t worth_keeping = 1024;  // an idle session owns no large buffer
    if (bytes_.capacity() > worth_keeping)
        std::string().swap(bytes_);
    else
        bytes_.clear();
    begin_ = 0;
}

}  // namespace smtpblock::smtp
