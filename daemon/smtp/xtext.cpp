#include "daemon/smtp/xtext.h"

#include <fmt/format.h>

#include "common/text.h"

namespace smtpblock::smtp {

std::optional<std::string> decoded_xtext(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '+') {
            out += text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const int high = hex_value(text[i + 1]);
        const int low = hex_value(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high << 4 | low);
        i += 2;
    }
    return out;
}

/// What may stand for itself, and nothing that a server could take for more than a value.
std::string encoded_xtext(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = c > ' ' && c < '\x7f' && c != '+' && c != '=';
        if (plain)
            out += c;
        else
            out += fmt::format("+{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

}  // namespace smtpblock::smtp
