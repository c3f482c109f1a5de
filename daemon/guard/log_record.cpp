#include "daemon/guard/log_record.h"

#include <algorithm>
#include <string>

#include "common/text.h"

namespace smtpblock::guard {
namespace {

/// More than any address (RFC 5321 4.5.3.1.3), and no way to fill a disk with a few commands.
constexpr std::size_t value_octets = 512;

bool stands_as_it_is(std::string_view value) {
    return std::none_of(value.begin(), value.end(), [](char c) {
        return is_control(c) || is_eight_bit(c) || c == ' ' || c == '"' || c == '=' || c == '\\';
    });
}

}  // namespace

LogRecord& LogRecord::add(std::string_view key, std::string_view value) {
    add_key(key);
    if (value.empty())
        buffer_.append(std::string_view("\"\""));
    else
        add_value("", value, "");
    return *this;
}

LogRecord& LogRecord::add(std::string_view key, std::uint64_t value) {
    add_key(key);
    fmt::format_to(std::back_inserter(buffer_), "{}", value);
    return *this;
}

LogRecord& LogRecord::add_path(std::string_view key, std::string_view value) {
    add_key(key);
    add_value("<", value, ">");
    return *this;
}

void LogRecord::add_key(std::string_view key) {
    buffer_.push_back(' ');
    buffer_.append(key);
    buffer_.push_back('=');
}

void LogRecord::add_value(std::string_view before, std::string_view value, std::string_view after) {
    const bool cut = value.size() > value_octets;
    if (cut) value = value.substr(0, value_octets);
    if (cut) after = "...";
    if (stands_as_it_is(value)) {
        buffer_.append(before);
        buffer_.append(value);
        buffer_.append(after);
        return;
    }
    const std::string shown = printable(value);
    const bool quote = shown.find_first_of(" \"=") != std::string::npos;
    if (quote) buffer_.push_back('"');
    buffer_.append(before);
    for (const char c : shown) {
        if (c == '"') buffer_.push_back('\\');
        buffer_.push_back(c);
    }
    buffer_.append(after);
    if (quote) buffer_.push_back('"');
}

}  // namespace smtpblock::guard
