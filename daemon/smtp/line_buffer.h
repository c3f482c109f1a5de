// The client's commands, cut into lines. Only CRLF ends a line; a bare CR, a bare LF, NUL or
// another control character (but a tab) spoils the line in which it stands, up to its CRLF. What
// comes out does not depend on how the bytes were split on their way.
//
// Any line may hold a password, so lines are wiped when they are taken. What is taken raw is not:
// messages have no secrets and are large.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/smtp/secret.h"

namespace smtpblock::smtp {

class LineBuffer {
public:
    enum class State : std::uint8_t {
        more,       ///< no line is complete
        line,       ///< line() is one
        bad_octet,  ///< said once a line, at its first bad octet; the rest of it is skipped
        too_long,   ///< said once a line, when it passes the limit; the rest of it is skipped
        flood,      ///< more than limits::skipped_octets were skipped: end the session
    };

    LineBuffer() = default;
    ~LineBuffer() { wipe(); }
    LineBuffer(const LineBuffer&) = delete;
    LineBuffer& operator=(const LineBuffer&) = delete;

    void append(std::string_view bytes);
    /// Looks for the next line, of at most `limit` octets with its CRLF.
    State next(std::size_t limit);
    /// The line that next() found, without CRLF; valid until next() or forget_line().
    std::string_view line() const { return line_.view(); }
    void forget_line() { line_.assign(""); }

    /// What is not taken yet, raw: for what is no line (a message). Valid until append().
    std::string_view rest() const { return std::string_view(bytes_).substr(begin_); }
    void take(std::size_t octets);
    std::size_t size() const { return bytes_.size() - begin_; }
    bool empty() const { return size() == 0; }
    /// How many octets there is memory for.
    std::size_t capacity() const { return bytes_.capacity(); }
    /// Takes all there is, wiped.
    void clear();

private:
    State skip();
    State spoil(State state);
    void take_line(std::size_t octets);
    void drop_taken();
    void wipe();

    std::string bytes_;
    Secret line_;
    std::size_t begin_ = 0;
    std::size_t scanned_ = 0;  ///< octets behind begin_ that hold no line end and nothing bad
    std::size_t skipped_ = 0;
    bool skipping_ = false;
};

}  // namespace smtpblock::smtp
