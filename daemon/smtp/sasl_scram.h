// SCRAM-SHA-1 and SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding. The names are in the
// client's first message, the proof of the password in its final one; behind that an empty response
// may be asked for, when the server has proved itself too.
#pragma once

#include <string_view>

#include "daemon/smtp/sasl_exchange.h"

namespace smtpblock::smtp {

class ScramExchange : public SaslExchange {
public:
    using SaslExchange::SaslExchange;
    SaslStep take(std::string_view response) override;
    bool has_response() const override { return next_ != Next::nothing; }

private:
    enum class Next : std::uint8_t { first, final, empty, nothing };

    bool take_first(std::string_view message);
    SaslStep take_final(std::string_view message) const;

    Next next_ = Next::first;
};

}  // namespace smtpblock::smtp
