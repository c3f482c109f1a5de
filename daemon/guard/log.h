// The log: lines on standard error, one a write. A session never waits for it: where the reader of
// a pipe or socket is behind, lines are dropped, counted, and the count is said once it reads
// again. Nor does a thread wait for another one: who comes while a line is being written leaves his
// own for its writer. A thread's lines stay in order, and none is torn by another.
#pragma once

#include <atomic>
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
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    bool takes(LogLevel level) const { return level <= least_; }
    /// One line, without its newline. From any thread.
    void write(LogLevel level, std::string_view line);

    /// Lines that were lost since the last one that was not.
    std::size_t dropped() const { return dropped_; }

private:
    /// A line left by a thread while another one wrote.
    struct Left {
        LogLevel level;
        std::string line;
        Left* before;
    };

    void leave(LogLevel level, std::string_view line);
    void write_left();
    void write_now(LogLevel level, std::string_view line);
    bool send(std::string_view bytes);
    bool send_rest();

    const int descriptor_;
    const LogLevel least_;
    const bool priorities_;
    bool socket_ = false;
    bool may_fill_ = false;             ///< a pipe or terminal: ask before each write
    std::atomic<Left*> left_{nullptr};  ///< the last one that was left
    std::atomic<std::size_t> left_lines_{0};
    std::atomic<std::size_t> dropped_{0};
    std::atomic<bool> writing_{false};  ///< one thread is; what follows is his
    std::string line_;                  ///< kept, so that a line costs no allocation
    std::string rest_;                  ///< of a line whose head is written already
};

/// True when `descriptor` is the one that systemd connected to the journal (JOURNAL_STREAM).
bool leads_to_journal(int descriptor);

}  // namespace smtpblock::guard
