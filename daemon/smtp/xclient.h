// XCLIENT, Postfix's extension by which a front says whose session it is (Postfix XCLIENT_README):
// read in front, written behind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ip_address.h"

namespace smtpblock::smtp {

/// What one XCLIENT command says. An attribute that is not named leaves alone what was known; one
/// that is named as `[UNAVAILABLE]` or `[TEMPUNAVAIL]` is known to be unknown.
struct Xclient {
    /// A value: absent when not named; empty inside when unknown.
    template <class T>
    using Attribute = std::optional<std::optional<T>>;

    Attribute<std::string> name;  ///< the client's, of the DNS; an unknown one as it was written
    Attribute<IpAddress> addr;
    Attribute<std::uint16_t> port;
    Attribute<bool> esmtp;  ///< PROTO
    Attribute<std::string> helo;
    Attribute<IpAddress> destaddr;
    Attribute<std::uint16_t> destport;

    /// `argument` is what stands behind the verb. The name of the bad attribute instead when there
    /// is one, or `XCLIENT` when there is none at all.
    static std::optional<Xclient> parse(std::string_view argument, std::string& bad);
};

/// The names that are understood, as an EHLO reply offers them.
inline constexpr std::string_view xclient_attributes =
    "NAME ADDR PORT PROTO HELO DESTADDR DESTPORT";

/// What an upstream is told of a client.
struct XclientIdentity {
    std::string name;  ///< empty: unknown; `[TEMPUNAVAIL]` goes on as it is
    std::optional<IpAddress> addr;
    std::optional<std::uint16_t> port;
    bool esmtp = true;
    std::string helo;  ///< empty: none was given
};

/// The commands that say it, with CRLF, none longer than 512 octets.
std::vector<std::string> xclient_commands(const XclientIdentity& identity);

}  // namespace smtpblock::smtp
