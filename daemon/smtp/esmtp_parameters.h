// The parameters of MAIL and RCPT (RFC 5321 4.1.1.2): each is checked against what was offered, and
// remembered as something that the upstream must be able to take.
#pragma once

#include <string>
#include <string_view>

#include "daemon/smtp/upstream_profile.h"

namespace smtpblock::smtp {

/// What the parameters of a transaction need of an upstream.
struct ParameterNeeds {
    bool size = false;            ///< RFC 1870
    bool eight_bit_mime = false;  ///< RFC 6152
    bool auth = false;            ///< RFC 4954 5
    bool smtputf8 = false;        ///< RFC 6531
    bool dsn = false;             ///< RFC 3461

    bool met_by(const Keywords& keywords) const;
};

/// Takes parameters one by one; each take_ says what is wrong with one, as the reply to it, and
/// nothing when it is sound.
class MailParameters {
public:
    /// `auth` is whether AUTH is offered to this client.
    MailParameters(const Keywords& offered, bool auth) : offered_(offered), auth_(auth) {}

    std::string take(std::string_view parameter);
    const ParameterNeeds& needs() const { return needs_; }

private:
    std::string take_size(std::string_view value);

    const Keywords& offered_;
    const bool auth_;
    ParameterNeeds needs_;
    bool has_ret_ = false;
    bool has_envid_ = false;
};

class RcptParameters {
public:
    /// `smtputf8` is whether MAIL declared it: ORCPT may then hold UTF-8 (RFC 6533 3).
    RcptParameters(const Keywords& offered, bool smtputf8)
        : offered_(offered), smtputf8_(smtputf8) {}

    std::string take(std::string_view parameter);

private:
    const Keywords& offered_;
    const bool smtputf8_;
    bool has_notify_ = false;
    bool has_orcpt_ = false;
};

}  // namespace smtpblock::smtp
