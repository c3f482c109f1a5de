#include "daemon/policy/sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "common/text.h"
#include "daemon/smtp/xtext.h"

namespace smtpblock::policy {
namespace {

constexpr auto npos = std::string_view::npos;

/// Of `@one.example,@other.example:user@example.com` the last part.
std::string_view without_source_route(std::string_view written) {
    if (!written.starts_with('@')) return written;
    const auto colon = written.find(':');
    return colon == npos || colon + 1 == written.size() ? written : written.substr(colon + 1);
}

/// A plus address that is written as it is, `carol+fe@example.com`, makes no text.
bool is_text(std::string_view decoded) {
    return is_utf8(decoded) && std::none_of(decoded.begin(), decoded.end(), is_control);
}

}  // namespace

Address sender_of(std::string_view written, std::string_view own_domain) {
    const std::string_view mailbox = without_source_route(written);
    if (mailbox.find('@') != npos) return Address::of_identity(mailbox, own_domain);
    if (const auto bang = mailbox.find('!'); bang != npos)
        return Address::of_identity(
            fmt::format("{}@{}", mailbox.substr(bang + 1), mailbox.substr(0, bang)), own_domain);
    if (const auto percent = mailbox.rfind('%'); percent != npos)
        return Address::of_identity(
            fmt::format("{}@{}", mailbox.substr(0, percent), mailbox.substr(percent + 1)),
            own_domain);
    return Address::of_identity(mailbox, own_domain);
}

std::optional<Address> submitter_of(std::string_view written, std::string_view own_domain) {
    const auto decoded = smtp::decoded_xtext(written);
    std::string_view mailbox = decoded && is_text(*decoded) ? std::string_view(*decoded) : written;
    if (mailbox.starts_with('<') && mailbox.ends_with('>'))
        mailbox = mailbox.substr(1, mailbox.size() - 2);
    if (mailbox.empty()) return std::nullopt;
    return sender_of(mailbox, own_domain);
}

}  // namespace smtpblock::policy
