#include "cli/line_reader.h"

#include <algorithm>
#include <cstring>

namespace smtpblock {
namespace {

constexpr std::size_t read_octets = std::size_t{256} << 10U;

}  // namespace

Result<std::optional<LineReader::Line>> LineReader::next() {
    std::size_t searched = begin_;
    for (;;) {
        const char* const data = buffer_.data();
        const void* found =
            searched == end_ ? nullptr : std::memchr(data + searched, '\n', end_ - searched);
        if (found != nullptr) {
            const auto newline = static_cast<std::size_t>(static_cast<const char*>(found) - data);
            return std::optional(line_to(newline, newline + 1));
        }
        const std::size_t length = end_ - begin_;
        if (length > line_octets) {
            if (auto skipped = skip_to_newline(); !skipped) return std::move(skipped).failure();
            return std::optional(Line{{}, ++number_, true});
        }
        auto filled = fill();
        if (!filled) return std::move(filled).failure();
        searched = std::min(begin_ + length, end_);
        if (*filled) continue;
        if (length == 0) return std::optional<Line>{};
        return std::optional(line_to(end_, end_));
    }
}

/// The line that ends before `end`; the next one begins at `next`.
LineReader::Line LineReader::line_to(std::size_t end, std::size_t next) {
    const std::string_view text(buffer_.data() + begin_, end - begin_);
    begin_ = next;
    if (text.size() > line_octets) return {{}, ++number_, true};
    return {text, ++number_, false};
}

/// Reads more behind what is there. False at the end of the file.
Result<bool> LineReader::fill() {
    if (at_end_) return false;
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= begin_;
    begin_ = 0;
    if (buffer_.size() < end_ + read_octets) buffer_.resize(end_ + read_octets);
    auto got = source_(buffer_.data() + end_, buffer_.size() - end_);
    if (!got) return std::move(got).failure();
    end_ += *got;
    at_end_ = *got == 0;
    if (number_ == 0 && std::string_view(buffer_.data(), end_).starts_with(byte_order_mark))
        begin_ = byte_order_mark.size();
    return !at_end_;
}

/// Drops what is left of a line and its newline.
Result<bool> LineReader::skip_to_newline() {
    for (;;) {
        const auto end = buffer_.begin() + static_cast<std::ptrdiff_t>(end_);
        const auto newline =
            std::find(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), end, '\n');
        begin_ = static_cast<std::size_t>(newline - buffer_.begin());
        if (newline != end) {
            ++begin_;
            return true;
        }
        auto filled = fill();
        if (!filled || !*filled) return filled;
    }
}

}  // namespace smtpblock
