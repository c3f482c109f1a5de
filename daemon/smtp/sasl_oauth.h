// XOAUTH2 (Google's, Microsoft's) and OAUTHBEARER (RFC 7628): fields parted by ^A, among them the
// user and the token. A server that refuses may first send what it has to say as a challenge, and
// wants an empty response, or a lone ^A, to it.
#pragma once

#include <string_view>

#include "daemon/smtp/sasl_exchange.h"

namespace smtpblock::smtp {

class OauthExchange : public SaslExchange {
public:
    using SaslExchange::SaslExchange;
    SaslStep take(std::string_view response) override;
    bool has_response() const override { return next_ != Next::nothing; }

private:
    enum class Next : std::uint8_t { message, empty, nothing };

    SaslStep take_message(std::string_view message);

    Next next_ = Next::message;
};

}  // namespace smtpblock::smtp
