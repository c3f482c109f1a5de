// What an upstream says of itself when it is greeted: learnt at start, kept fresh by each real
// connection, and shown to every client before one is made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smtpblock::smtp {

/// The EHLO keywords of which the front makes use; every other one is hidden.
struct Keywords {
    bool pipelining = true;
    bool eight_bit_mime = true;
    bool enhanced_status_codes = true;
    std::optional<std::uint64_t> size;  ///< RFC 1870; 0: the keyword without a limit
    bool auth_plain = false;
    bool auth_login = false;

    bool auth() const { return auth_plain || auth_login; }
    friend bool operator==(const Keywords&, const Keywords&) = default;
};

/// Of the lines of an EHLO reply, the greeting line left out.
Keywords parse_keywords(const std::vector<std::string>& lines);

struct UpstreamProfile {
    /// The first word of its banner; empty before the first success.
    std::string host;
    /// Before the first success: PIPELINING, 8BITMIME, ENHANCEDSTATUSCODES.
    Keywords keywords;
    bool learnt = false;
};

}  // namespace smtpblock::smtp
