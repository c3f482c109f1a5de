// SCRAM-SHA-1 and SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding. The names are in the
// client's first message, the proof of the password in its final one; behind that an empty response
// may be asked for, when the server has proved itself too.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/smtp/sasl_exchange.h"

namespace smtpblock::smtp {

class ScramExchange : public SaslExchange {
public:
    ScramExchange(Mechanism mechanism, const KeyedHash& keyed_hash)
        : mechanism_(mechanism), keyed_hash_(keyed_hash) {}
    SaslStep take(std::string_view response) override;
    bool has_response() const override { return next_ != Next::nothing; }

private:
    enum class Next : std::uint8_t { first, final, empty, nothing };

    bool take_first(std::string_view message);
    SaslStep take_final(std::string_view message) const;

    const Mechanism mechanism_;
    const KeyedHash& keyed_hash_;
    Next next_ = Next::first;
};

/// A saslname (RFC 5802 5.1) without its escapes `=2C` and `=3D`; nothing when it is empty, or
/// another `=` or a comma stands in it.
std::optional<std::string> unescaped_saslname(std::string_view name);

/// The gs2-header of RFC 5801 4 as SCRAM and OAUTHBEARER have it, of a client that binds no
/// channel: `n,` or `y,`, then perhaps `a=` and a saslname, then a comma.
struct Gs2Header {
    std::string authorization;  ///< empty: none was given
    std::size_t octets = 0;     ///< that it takes of the message

    static std::optional<Gs2Header> parse(std::string_view message);
};

}  // namespace smtpblock::smtp
