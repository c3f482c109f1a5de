#include "common/domain_name.h"

#include <algorithm>

#include "common/ip_address.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr std::size_t domain_octets = 253;  // RFC 1035 2.3.4, without the length octets
constexpr std::size_t label_octets = 63;    // RFC 1035 2.3.4

bool is_label_octet(char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '_';
}

std::string_view without_trailing_dot(std::string_view name) {
    if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
    return name;
}

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

/// `name` without its empty labels: what was probably meant.
std::string mended(std::string_view name) {
    std::string out;
    each_label(name, [&](std::string_view label) {
        if (!label.empty()) out += (out.empty() ? "" : ".") + std::string(label);
        return true;
    });
    return out;
}

}  // namespace

std::optional<std::string> canonical_domain(std::string_view written) {
    if (written.starts_with('[')) {
        const auto address = IpAddress::parse(written);
        if (!written.ends_with(']') || !address) return std::nullopt;
        return address->literal();
    }
    written = without_trailing_dot(written);
    const bool sound = each_label(written, [](std::string_view label) {
        return !label.empty() && std::all_of(label.begin(), label.end(), [](char c) {
            return is_label_octet(c) || is_eight_bit(c);
        });
    });
    if (!sound) return std::nullopt;
    return lower(written);
}

Result<std::string> pattern_domain(std::string_view whole, std::string_view written) {
    const auto bad = ErrorCode::bad_input;
    if (written.starts_with('[')) {
        const auto address = IpAddress::parse(written);
        if (!written.ends_with(']') || !address)
            return fail(bad,
                        "{}: {} is no address literal; write [192.0.2.7] or [IPv6:2001:db8::1]",
                        quoted(whole), quoted(written));
        return address->literal();
    }
    const std::string_view name = without_trailing_dot(written);
    if (mended(name).empty())
        return fail(bad, "{}: the domain is empty; write example.com", quoted(whole));
    if (std::any_of(name.begin(), name.end(), is_eight_bit))
        return fail(bad, "{}: the domain has characters beyond ASCII; write its A-labels (xn--...)",
                    quoted(whole));
    const auto odd = std::find_if(name.begin(), name.end(),
                                  [](char c) { return !is_label_octet(c) && c != '.'; });
    if (odd != name.end())
        return fail(bad, "{}: no domain has the character {}; write letters, digits, - and dots",
                    quoted(whole), quoted({odd, 1}));
    const std::string whole_mended =
        std::string(whole.substr(0, whole.size() - written.size())) + mended(name);
    if (written.find("..") != std::string_view::npos)
        return fail(bad, "{}: two dots in a row in the domain; write {}", quoted(whole),
                    quoted(whole_mended));
    if (name.starts_with('.') && whole != written)
        return fail(bad, "{}: the domain begins with a dot; write {}", quoted(whole),
                    quoted(whole_mended));
    if (name.starts_with('.'))
        return fail(bad, "{}: the domain begins with a dot; write {} for it, {} for what is below",
                    quoted(whole), quoted(mended(name)), quoted("*." + mended(name)));
    if (name.size() > domain_octets)
        return fail(bad, "{}: the domain has {} octets; no domain has more than {}", quoted(whole),
                    name.size(), domain_octets);
    std::string_view fault;
    std::string_view of_label;
    each_label(name, [&](std::string_view label) {
        of_label = label;
        if (label.size() > label_octets) fault = "has more than 63 octets";
        if (label.starts_with('-') || label.ends_with('-')) fault = "begins or ends with a hyphen";
        return fault.empty();
    });
    if (!fault.empty())
        return fail(bad, "{}: the label {} {}; no address has such a domain", quoted(whole),
                    quoted(of_label), fault);
    return lower(name);
}

bool is_host_name(std::string_view name) {
    name = without_trailing_dot(name);
    return name.size() <= domain_octets && each_label(name, [](std::string_view label) {
               return !label.empty() && label.size() <= label_octets && !label.starts_with('-') &&
                      !label.ends_with('-') && std::all_of(label.begin(), label.end(), [](char c) {
                          return is_letter(c) || is_digit(c) || c == '-';
                      });
           });
}

}  // namespace smtpblock
