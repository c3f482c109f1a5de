// One record of the log, made in one buffer: a first word, then key=value pairs in the order in
// which they are added. A value from outside is made printable, and quoted when it would break the
// line apart; a very long one is cut.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

#include "daemon/guard/log.h"

namespace smtpblock::guard {

class LogRecord {
public:
    explicit LogRecord(std::string_view first_word) { buffer_.append(first_word); }

    LogRecord& add(std::string_view key, std::string_view value);
    LogRecord& add(std::string_view key, std::uint64_t value);
    /// `<value>`, as a path stands in SMTP.
    LogRecord& add_path(std::string_view key, std::string_view value);
    /// Left out when it is empty.
    LogRecord& add_known(std::string_view key, std::string_view value) {
        return value.empty() ? *this : add(key, value);
    }

    std::string_view line() const { return {buffer_.data(), buffer_.size()}; }
    void write(Log& log, LogLevel level) const { log.write(level, line()); }

private:
    void add_key(std::string_view key);
    void add_value(std::string_view before, std::string_view value, std::string_view after);

    fmt::basic_memory_buffer<char, 1000> buffer_;
};

}  // namespace smtpblock::guard
