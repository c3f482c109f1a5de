// The log: lines on standard error, one a write. A session never waits for it: where the reader of
// a pipe or socket is behind, lines are dropped, counted, and the count is said once it reads
// again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smtpblock::guard {

enum class LogLevel : std::uint8_t {
    error,    ///< someone must act
    warning,  ///< it went well, look at it
    info,     ///< decisions and sessions
    debug,    ///< the dialogue
};

std::optional<LogLevel> log_level_of(std::string_view word);

class Log {
public:
    /// Writes to `descriptor`, which stays the caller's, what is at least as grave as `least`.
    /// `priorities`: each line begins with its journal priority, such as `<6>`.
    Log(int descriptor, LogLevel least, bool priorities);
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    bool takes(LogLevel level) const { return level <= least_; }
    /// One line, without its newline.
    void write(LogLevel level, std::string_view line);

    /// Lines that were lost since the last one that was not.
    std::size_t dropped() const { return dropped_; }

private:
    bool send(std::string_view bytes);
    bool send_rest();

    const int descriptor_;
    const LogLevel least_;
    const bool priorities_;
    bool socket_ = false;
    bool may_fill_ = false;  ///< a pipe or terminal: ask before each write
    std::string line_;       ///< kept, so that a line costs no allocation
    std::string rest_;       ///< of a line whose head is written already
    std::size_t dropped_ = 0;
};

/// True when `descriptor` is the one that systemd connected to the journal (JOURNAL_STREAM).
bool leads_to_journal(int descriptor);

}  // namespace smtpblock::guard
