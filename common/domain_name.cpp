#include "common/domain_name.h"

#include <algorithm>

#include "common/idna.h"
#include "common/ip_address.h"

namespace smtpblock {
namespace {

constexpr std::size_t domain_octets = 253;  // RFC 1035 2.3.4, without the length octets
constexpr std::size_t label_octets = 63;    // RFC 1035 2.3.4

}  // namespace

std::optional<std::string> canonical_domain(std::string_view written) {
    if (written.starts_with('[')) {
        const auto address = IpAddress::of_literal(written);
        if (!written.ends_with(']') || !address) return std::nullopt;
        return address->literal();
    }
    std::string name = idna_form(written);
    name.resize(without_trailing_dot(name).size());
    const bool sound = each_label(name, [](std::string_view label) {
        return !label.empty() && std::all_of(label.begin(), label.end(), [](char c) {
            return is_label_octet(c) || is_eight_bit(c);
        });
    });
    if (!sound || !is_utf8(name)) return std::nullopt;
    return name;
}

bool is_dns_name(std::string_view name) {
    name = without_trailing_dot(name);
    return name.size() <= domain_octets && each_label(name, [](std::string_view label) {
               return !label.empty() && label.size() <= label_octets && !label.starts_with('-') &&
                      !label.ends_with('-') &&
                      std::all_of(label.begin(), label.end(), is_label_octet);
           });
}

bool is_host_name(std::string_view name) {
    return is_dns_name(name) && name.find('_') == std::string_view::npos;
}

std::string_view without_trailing_dot(std::string_view name) {
    if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
    return name;
}

}  // namespace smtpblock
