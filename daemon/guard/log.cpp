#include "daemon/guard/log.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <utility>

namespace smtpblock::guard {
namespace {

constexpr std::array<std::pair<std::string_view, LogLevel>, 4> levels{
    {{"error", LogLevel::error},
     {"warning", LogLevel::warning},
     {"info", LogLevel::info},
     {"debug", LogLevel::debug}}};

/// More threads than there are do not wait for one that writes.
constexpr std::size_t most_left_lines = 10000;

/// syslog(3)'s numbers.
char priority(LogLevel level) {
    switch (level) {
        case LogLevel::error:
            return '3';
        case LogLevel::warning:
            return '4';
        case LogLevel::info:
            return '6';
        case LogLevel::debug:
            return '7';
    }
    return '6';
}

}  // namespace

std::optional<LogLevel> log_level_of(std::string_view word) {
    for (const auto& [name, level] : levels)
        if (name == word) return level;
    return std::nullopt;
}

Log::Log(int descriptor, LogLevel least, bool priorities)
    : descriptor_(descriptor), least_(least), priorities_(priorities) {
    struct stat facts {};
    if (fstat(descriptor, &facts) != 0) return;
    socket_ = S_ISSOCK(facts.st_mode);
    may_fill_ = S_ISFIFO(facts.st_mode) || S_ISCHR(facts.st_mode);
}

Log::~Log() {
    write_left();
}

/// Whoever writes looks for what was left when he has said that he writes no more; whoever left a
/// line looks whether somebody writes. So one of the two writes it.
void Log::write(LogLevel level, std::string_view line) {
    if (!takes(level)) return;
    if (writing_.exchange(true)) {
        leave(level, line);
    } else {
        write_left();
        write_now(level, line);
        writing_ = false;
    }
    while (left_ != nullptr && !writing_.exchange(true)) {
        write_left();
        writing_ = false;
    }
}

void Log::leave(LogLevel level, std::string_view line) {
    if (++left_lines_ > most_left_lines) {
        --left_lines_;
        ++dropped_;
        return;
    }
    auto* const left = new Left{level, std::string(line), left_};
    while (!left_.compare_exchange_weak(left->before, left)) {
    }
}

void Log::write_left() {
    Left* last = left_.exchange(nullptr);
    Left* first = nullptr;
    while (last != nullptr) {
        Left* const before = std::exchange(last->before, first);
        first = std::exchange(last, before);
    }
    while (first != nullptr) {
        const std::unique_ptr<Left> next(std::exchange(first, first->before));
        write_now(next->level, next->line);
        --left_lines_;
    }
}

void Log::write_now(LogLevel level, std::string_view line) {
    if (!send_rest()) {
        ++dropped_;
        return;
    }
    if (const std::size_t dropped = dropped_; dropped > 0) {
        line_.clear();
        if (priorities_) line_ = "<4>";
        fmt::format_to(std::back_inserter(line_), "log dropped={}\n", dropped);
        if (!send(line_)) {
            ++dropped_;
            return;
        }
        dropped_ -= dropped;
        if (!rest_.empty()) {
            ++dropped_;
            return;
        }
    }
    line_.clear();
    if (priorities_) line_.append({'<', priority(level), '>'});
    line_.append(line);
    line_.push_back('\n');
    if (!send(line_)) ++dropped_;
}

/// False when nothing of `bytes` was taken; what was not taken of the rest is kept for later.
bool Log::send(std::string_view bytes) {
    bool begun = false;
    while (!bytes.empty()) {
        ssize_t sent = 0;
        if (socket_) {
            sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        } else {
            // A pipe that is writable has room for this much, so that write(2) does not wait.
            const auto part =
                may_fill_ ? std::min<std::size_t>(bytes.size(), PIPE_BUF) : bytes.size();
            pollfd ready{descriptor_, POLLOUT, 0};
            if (may_fill_ && poll(&ready, 1, 0) != 1) break;
            sent = ::write(descriptor_, bytes.data(), part);
        }
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) break;
        begun = true;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    if (begun) rest_ = bytes;
    return begun;
}

bool Log::send_rest() {
    if (rest_.empty()) return true;
    const std::string rest = std::exchange(rest_, {});
    if (!send(rest)) rest_ = rest;
    return rest_.empty();
}

bool leads_to_journal(int descriptor) {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat facts {};
    return stream != nullptr && fstat(descriptor, &facts) == 0 &&
           fmt::format("{}:{}", facts.st_dev, facts.st_ino) == stream;
}

}  // namespace smtpblock::guard
