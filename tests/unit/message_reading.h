// A message read slowly, apart from the code that is tested.
#pragma once

#include <string>
#include <string_view>

namespace smtpblock {

/// Lines that end with CRLF, none of them a dot alone, and nothing bare.
inline bool is_clean(std::string_view text) {
    while (!text.empty()) {
        const auto end = text.find_first_of(std::string_view("\r\n\0", 3));
        if (end == text.npos || text.substr(end, 2) != "\r\n") return false;
        if (text.substr(0, end) == ".") return false;
        text.remove_prefix(end + 2);
    }
    return true;
}

/// Of whole lines (RFC 5321 4.5.2).
inline std::string unstuffed(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto end = text.find("\r\n") + 2;
        out += text.substr(text.front() == '.' ? 1 : 0, end - (text.front() == '.' ? 1 : 0));
        text.remove_prefix(end);
    }
    return out;
}

/// What a client sends behind DATA, up to its true end, where only CRLF ends a line.
inline std::string unstuffed_strictly(std::string_view wire) {
    std::string out;
    while (!wire.starts_with(".\r\n")) {
        const auto end = wire.find("\r\n") + 2;
        out += wire.substr(wire.front() == '.' ? 1 : 0, end - (wire.front() == '.' ? 1 : 0));
        wire.remove_prefix(end);
    }
    return out;
}

/// With every CR, LF and CRLF taken for the end of a line.
inline std::string read_as_lines(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\r' && text[i] != '\n') {
            out += text[i];
            continue;
        }
        if (text.substr(i, 2) == "\r\n") ++i;
        out += "\r\n";
    }
    if (!out.empty() && !out.ends_with("\r\n")) out += "\r\n";
    return out;
}

}  // namespace smtpblock
