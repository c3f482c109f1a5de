#include "daemon/smtp/sasl_exchange.h"

#include <algorithm>

#include "common/text.h"
#include "daemon/smtp/sasl_cram.h"
#include "daemon/smtp/sasl_oauth.h"
#include "daemon/smtp/sasl_plain.h"
#include "daemon/smtp/sasl_scram.h"

namespace smtpblock::smtp {

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), is_control);
}

bool SaslExchange::add_identity(std::string_view identity) {
    if (has_control(identity) || identity.starts_with(' ') || identity.ends_with(' ')) return false;
    if (!identity.empty()) identities_.emplace_back(identity);
    return true;
}

std::unique_ptr<SaslExchange> start_exchange(Mechanism mechanism, const KeyedHash& keyed_hash) {
    switch (mechanism) {
        case Mechanism::plain:
            return std::make_unique<PlainExchange>(keyed_hash);
        case Mechanism::login:
            return std::make_unique<LoginExchange>(keyed_hash);
        case Mechanism::cram_md5:
            return std::make_unique<CramExchange>(keyed_hash);
        case Mechanism::scram_sha_1:
        case Mechanism::scram_sha_256:
            return std::make_unique<ScramExchange>(mechanism, keyed_hash);
        case Mechanism::xoauth2:
        case Mechanism::oauthbearer:
            return std::make_unique<OauthExchange>(mechanism, keyed_hash);
    }
    return nullptr;
}

}  // namespace smtpblock::smtp
