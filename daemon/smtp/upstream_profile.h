// What an upstream says of itself when it is greeted: learnt at start, kept fresh by each real
// connection, and shown to every client before one is made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/smtp/login_failures.h"
#include "daemon/smtp/mechanism.h"
#include "daemon/smtp/refusal_times.h"
#include "daemon/smtp/reply_parser.h"
#include "daemon/smtp/timer_lag.h"

namespace smtpblock::smtp {

/// The EHLO keywords of which the front makes use; every other one is hidden.
struct Keywords {
    bool pipelining = true;
    bool eight_bit_mime = true;
    bool enhanced_status_codes = true;
    std::optional<std::uint64_t> size;  ///< RFC 1870; 0: the keyword without a limit
    MechanismSet mechanisms;            ///< RFC 4954, those that are understood
    bool smtputf8 = false;              ///< RFC 6531
    bool dsn = false;                   ///< RFC 3461
    bool starttls = false;              ///< RFC 3207; between the front and the upstream
    bool chunking = false;              ///< RFC 3030
    bool xclient = false;  ///< Postfix's XCLIENT with all we say; never shown to a client

    bool auth() const { return !mechanisms.empty(); }
    friend bool operator==(const Keywords&, const Keywords&) = default;
};

/// Of the lines of an EHLO reply, the greeting line left out.
Keywords parse_keywords(const std::vector<std::string>& lines);
/// Of a positive reply to EHLO.
Keywords keywords_of(const Reply& reply);

/// Why TLS cannot begin after that reply to the EHLO in clear text, for the log; empty when
/// STARTTLS is next.
std::string_view why_no_starttls(const Reply& to_ehlo);
/// Why what was said before that reply to EHLO was not taken for a PROXY header, but for commands,
/// which are refused first; empty when it was one.
std::string why_no_proxy(const Reply& to_ehlo);
/// Why XCLIENT cannot follow upon that reply to EHLO; empty when it can.
std::string_view why_no_xclient(const Reply& to_ehlo);
/// The same of the reply to STARTTLS; empty when the handshake is.
std::string why_no_handshake(const Reply& to_starttls);

/// Of the upstreams of a listener together: what a client is shown before it is known which of them
/// he will get.
class UpstreamProfile {
public:
    /// The first word of the banner of the first upstream that is known; empty before the first
    /// success.
    std::string host;
    /// What all known ones offer. Before the first success: PIPELINING, 8BITMIME,
    /// ENHANCEDSTATUSCODES.
    Keywords keywords;
    bool learnt = false;  ///< at least one is known
    LoginFailures login_failures;
    RefusalTimes refusal_times;
    TimerLag timer_lag;  ///< of what imitates it
    /// The words in which a stranger is refused to be relayed for, with `{rcpt}` for the recipient;
    /// empty while unknown.
    std::string rcpt_refusal;

    /// The upstream at that place of the listener's list has greeted so.
    void learn(std::size_t upstream, std::string_view host_named, const Keywords& offered);
    /// Likewise, one that was greeted with HELO and told no keywords.
    void learn(std::size_t upstream, std::string_view host_named);
    /// What one of them offered last; before its first success what all do.
    const Keywords& keywords_of(std::size_t upstream) const;

private:
    struct Known {
        std::string host;
        std::optional<Keywords> keywords;
    };
    Known& known(std::size_t upstream);
    void merge();

    std::vector<Known> upstreams_;
};

/// What both offer.
Keywords common_to(const Keywords& one, const Keywords& other);

}  // namespace smtpblock::smtp
