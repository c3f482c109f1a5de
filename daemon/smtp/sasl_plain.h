// PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login): the password as it is.
#pragma once

#include <string_view>

#include "daemon/smtp/sasl_exchange.h"

namespace smtpblock::smtp {

/// The message of PLAIN (RFC 4616 2), decoded: [authzid] NUL authcid NUL passwd.
struct PlainMessage {
    std::string_view authorization;
    std::string_view authentication;
    std::string_view secret;
    /// False with fewer than two NULs: it carries no secret and no server can take it. More than
    /// two are well-formed here, since Dovecot reads the secret up to the third and takes it.
    bool well_formed = false;

    static PlainMessage parse(std::string_view decoded);
    Secret with_secret(std::string_view other) const;
};

class PlainExchange : public SaslExchange {
public:
    explicit PlainExchange(const KeyedHash& keyed_hash)
        : SaslExchange(Mechanism::plain, keyed_hash) {}
    SaslStep take(std::string_view response) override;
    bool has_response() const override { return !taken_; }

private:
    bool taken_ = false;
};

/// Two responses: the user name, then the password.
class LoginExchange : public SaslExchange {
public:
    explicit LoginExchange(const KeyedHash& keyed_hash)
        : SaslExchange(Mechanism::login, keyed_hash) {}
    SaslStep take(std::string_view response) override;
    bool has_response() const override { return next_ != Next::nothing; }

private:
    enum class Next : std::uint8_t { user, password, nothing };

    Next next_ = Next::user;
};

}  // namespace smtpblock::smtp
