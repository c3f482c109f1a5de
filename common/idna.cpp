#include "common/idna.h"

#include <idn2.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "common/text.h"

namespace smtpblock {
namespace {

// No IDN2_USE_STD3_ASCII_RULES: it drops an underscore instead of refusing it.
constexpr int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;

/// Longer ones can have no A-label of 63 octets, and conversion takes time with the square.
constexpr std::size_t longest_u_label_octets = 1024;

/// RFC 1035 2.3.4: what has more is in no DNS, and each takes the library some microseconds.
constexpr std::ptrdiff_t most_labels = 127;

constexpr std::string_view a_label_prefix = "xn--";

/// Letters, digits, hyphens, underscores, and the dots of what was mapped to several labels.
bool is_ascii_name(std::string_view text) {
    return !text.empty() && !text.starts_with('.') && !text.ends_with('.') &&
           text.find("..") == std::string_view::npos &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
           });
}

std::optional<std::string> a_label(std::string_view u_label) {
    if (u_label.size() > longest_u_label_octets) return std::nullopt;
    if (u_label.find('\0') != std::string_view::npos) return std::nullopt;  // it would end there
    const std::string zero_ended(u_label);
    char* out = nullptr;
    if (idn2_to_ascii_8z(zero_ended.c_str(), &out, flags) != IDN2_OK) return std::nullopt;
    const std::unique_ptr<char, decltype(&idn2_free)> owned(out, &idn2_free);
    if (!is_ascii_name(out)) return std::nullopt;
    return lower(out);
}

/// Folding may make a U-label of what was none: U+2183 has no mapping in UTS 46.
std::string label_form(std::string_view label) {
    if (auto converted = a_label(label)) return std::move(*converted);
    std::string text = folded(label);
    if (text == label) return text;
    if (auto converted = a_label(text)) return std::move(*converted);
    return text;
}

std::optional<std::string> u_label(const std::string& a_label_of_it) {
    char* out = nullptr;
    if (idn2_to_unicode_8z8z(a_label_of_it.c_str(), &out, flags) != IDN2_OK) return std::nullopt;
    const std::unique_ptr<char, decltype(&idn2_free)> owned(out, &idn2_free);
    if (!hidden_character(out).empty() || idna_form(out) != a_label_of_it) return std::nullopt;
    return out;
}

}  // namespace

std::string with_plain_dots(std::string_view name) {
    std::string out(name);
    if (is_ascii(name)) return out;
    for (const std::string_view dot : {"\u3002", "\uff0e", "\uff61"})
        for (auto at = out.find(dot); at != std::string::npos; at = out.find(dot, at))
            out.replace(at, dot.size(), ".");
    return out;
}

std::string idna_form(std::string_view name) {
    if (is_ascii(name) || !is_utf8(name)) return lower(name);
    const std::string dotted = with_plain_dots(name);
    const auto end = dotted.begin() + static_cast<std::ptrdiff_t>(dotted.find_last_not_of('.') + 1);
    if (std::count(dotted.begin(), end, '.') >= most_labels) return folded(dotted);
    std::string out;
    for (std::string_view rest = dotted;;) {
        const auto dot = rest.find('.');
        const auto label = rest.substr(0, dot);
        out += is_ascii(label) ? lower(label) : label_form(label);
        if (dot == std::string_view::npos) return out;
        out += '.';
        rest.remove_prefix(dot + 1);
    }
}

std::string u_label_text(std::string_view name) {
    std::string out;
    for (;;) {
        const auto dot = name.find('.');
        const std::string label(name.substr(0, dot));
        const auto shown = label.starts_with(a_label_prefix) ? u_label(label) : std::nullopt;
        out += shown ? *shown : label;
        if (dot == std::string_view::npos) return out;
        out += '.';
        name.remove_prefix(dot + 1);
    }
}

}  // namespace smtpblock
