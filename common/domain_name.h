// Domains as they are compared: lower case, U-labels as A-labels (idna.h), no trailing dot, an
// address literal in its canonical spelling. What a client says is read widely: underscores, any
// hyphens, labels and names of any length, since a sender may say it and is then to be blocked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/text.h"

namespace smtpblock {

/// The comparable form of a domain or address literal that came over the wire. Nothing when it
/// holds an octet that no domain has, or an empty label, or is no UTF-8.
std::optional<std::string> canonical_domain(std::string_view written);

/// True when `name` is a host name as RFC 1123 2.1 has it: letters, digits, inner hyphens, dots.
bool is_host_name(std::string_view name);
/// The same with underscores, which names in the DNS have, too.
bool is_dns_name(std::string_view name);

constexpr bool is_label_octet(char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '_';
}

/// `name` without one dot at its end, unless it is nothing else.
std::string_view without_trailing_dot(std::string_view name);

/// Calls `visit` with each label; stops and returns false when it does.
template <class Visit>
bool each_label(std::string_view name, Visit visit) {
    for (;;) {
        const auto dot = name.find('.');
        if (!visit(name.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        name.remove_prefix(dot + 1);
    }
}

}  // namespace smtpblock
