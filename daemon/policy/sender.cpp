#include "daemon/policy/sender.h"

#include <fmt/format.h>

namespace smtpblock::policy {
namespace {

constexpr auto npos = std::string_view::npos;

/// Of `@one.example,@other.example:user@example.com` the last part.
std::string_view without_source_route(std::string_view written) {
    if (!written.starts_with('@')) return written;
    const auto colon = written.find(':');
    return colon == npos || colon + 1 == written.size() ? written : written.substr(colon + 1);
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

}  // namespace smtpblock::policy
