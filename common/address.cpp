#include "common/address.h"

#include <algorithm>
#include <array>

#include "common/domain_name.h"
#include "common/text.h"

namespace smtpblock {
namespace {

/// atext of RFC 5322 3.2.3, with UTF8-non-ascii of RFC 6531 3.3.
constexpr auto atom_octets = [] {
    std::array<bool, 256> table{};
    for (unsigned octet = 0; octet < table.size(); ++octet) {
        const char c = static_cast<char>(octet);
        table[octet] = is_letter(c) || is_digit(c) || is_eight_bit(c) ||
                       std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
    }
    return table;
}();

bool is_atom_octet(char c) {
    return atom_octets[static_cast<unsigned char>(c)];
}

bool is_dot_string(std::string_view text) {
    return !text.empty() && !text.starts_with('.') && !text.ends_with('.') &&
           text.find("..") == std::string_view::npos &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return is_atom_octet(c) || c == '.'; });
}

/// The octets of a Quoted-string at the head of `text`, quotes included; 0 when it does not end.
std::size_t quoted_string_octets(std::string_view text) {
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '\\')
            ++i;
        else if (text[i] == '"')
            return i + 1;
    }
    return 0;
}

}  // namespace

std::optional<std::string> canonical_local_part(std::string_view written) {
    if (!written.starts_with('"')) {
        const bool sound =
            !written.empty() && std::all_of(written.begin(), written.end(),
                                            [](char c) { return is_atom_octet(c) || c == '.'; });
        if (!sound || !is_utf8(written)) return std::nullopt;
        return folded(written);
    }
    if (quoted_string_octets(written) != written.size()) return std::nullopt;
    std::string local;
    for (std::size_t i = 1; i + 1 < written.size(); ++i) {
        if (written[i] == '\\') ++i;
        if (is_control(written[i])) return std::nullopt;
        local += written[i];
    }
    if (!is_utf8(local)) return std::nullopt;
    return folded(local);
}

std::optional<Address> Address::parse(std::string_view mailbox) {
    const auto at = mailbox.starts_with('"') ? quoted_string_octets(mailbox) : mailbox.find('@');
    if (at == 0 || at >= mailbox.size() || mailbox[at] != '@') return std::nullopt;
    auto local = canonical_local_part(mailbox.substr(0, at));
    auto domain = canonical_domain(mailbox.substr(at + 1));
    if (!local || !domain) return std::nullopt;
    return Address{std::move(*local), std::move(*domain)};
}

Address Address::of_identity(std::string_view identity, std::string_view auth_domain) {
    if (auto address = parse(identity)) return std::move(*address);
    const auto at = identity.rfind('@');
    const bool bare = at == std::string_view::npos || at + 1 == identity.size();
    const std::string_view name = identity.substr(0, at);
    const std::string_view where = bare ? auth_domain : identity.substr(at + 1);
    auto local = canonical_local_part(name);
    auto domain = canonical_domain(where);
    return {local ? std::move(*local) : folded(name), domain ? std::move(*domain) : folded(where)};
}

std::string quoted_local_part(std::string_view local) {
    if (is_dot_string(local)) return std::string(local);
    std::string out = "\"";
    for (const char c : local) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string Address::text() const {
    return domain.empty() ? quoted_local_part(local) : quoted_local_part(local) + "@" + domain;
}

}  // namespace smtpblock
