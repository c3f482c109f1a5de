// What the session asks and tells the outside about its client. The session knows what happened
// and when to ask; who may pass is decided behind this interface (daemon/guard: rules + log).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/address.h"
#include "common/ehlo_name.h"
#include "common/matcher.h"

namespace smtpblock::smtp {

/// The moments of the contract at which a sender can be stopped.
enum class Moment : std::uint8_t { auth, rcpt, data, end };

/// All that is known of the client at a moment. Views: valid during the call only.
struct Subject {
    std::string_view session;   ///< its ID in the log
    std::string_view listener;  ///< its name in the log
    std::string_view client;    ///< the client's address
    Direction listener_direction = Direction::in;
    bool authenticated = false;
    bool trusted = false;  ///< in the listener's `trusted_networks`
    std::span<const EhloName> ehlo_names;
    bool has_sender = false;          ///< a MAIL transaction is under way
    bool null_sender = false;         ///< of MAIL FROM:<>
    const Address* sender = nullptr;  ///< of MAIL FROM, unless null
    std::string_view sender_path;     ///< as the client spelt it, for the log
    std::string_view recipient_path;  ///< at `rcpt`: as the client spelt it, for the log
    std::size_t recipients = 0;       ///< accepted so far
    /// At `auth` the identities that are being tried, else those that were authenticated.
    std::span<const Address> users;
};

/// What becomes of a login.
struct LoginVerdict {
    Verdict verdict = Verdict::pass;
    bool asks_upstream = true;  ///< a blocked one, with a wrong secret; else we refuse it ourselves
};

/// What a check found.
struct Finding {
    Verdict verdict = Verdict::pass;
    RuleId trial = 0;  ///< the first `log` rule that matched; 0: none
};

/// What the upstream said to a login.
enum class LoginResult : std::uint8_t {
    accepted,
    deferred,  ///< 4xx: it cannot tell now, as while its password back end is down (RFC 4954 6)
    refused,
};

class Policy {
public:
    virtual ~Policy() = default;
    /// Looks at the rules as they are now and logs what blocks or would block.
    virtual Verdict check(Moment moment, const Subject& subject) = 0;
    /// The same, for one who is told of `log` rules too.
    virtual Finding find(Moment moment, const Subject& subject) {
        return {check(moment, subject), 0};
    }
    /// check() at `auth`. Of the blocked logins of an account (the first of `users`) the upstream
    /// is asked about `most` a minute.
    virtual LoginVerdict check_login(const Subject& subject, std::size_t most) = 0;
    /// The upstream has answered the login of one who was not blocked.
    virtual void authenticated(const Subject& subject, LoginResult result) = 0;
    /// The upstream took the message, in these words.
    virtual void accepted(const Subject& subject, std::string_view reply) = 0;
    /// Something about the session that an administrator wants to read in the log; `event` is a
    /// key of few words, `detail` may hold anything.
    virtual void note(const Subject& subject, std::string_view event, std::string_view detail) = 0;
};

}  // namespace smtpblock::smtp
