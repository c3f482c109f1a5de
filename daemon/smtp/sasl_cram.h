// CRAM-MD5 (RFC 2195): the server challenges first, and the response is the user, a space and a
// digest of 32 hexadecimal digits.
#pragma once

#include <string_view>

#include "daemon/smtp/sasl_exchange.h"

namespace smtpblock::smtp {

class CramExchange : public SaslExchange {
public:
    explicit CramExchange(const KeyedHash& keyed_hash)
        : SaslExchange(Mechanism::cram_md5, keyed_hash) {}
    /// Without the challenge no right digest can be in it, and servers leave it unread.
    SaslStep take_initial(std::string_view) override { return {SaslStep::Kind::open, {}}; }
    SaslStep take(std::string_view response) override;
    bool has_response() const override { return !taken_; }

private:
    bool taken_ = false;
};

}  // namespace smtpblock::smtp
