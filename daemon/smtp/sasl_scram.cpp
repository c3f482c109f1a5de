#include "daemon/smtp/sasl_scram.h"

#include <utility>

#include "daemon/smtp/sasl_gs2.h"

namespace smtpblock::smtp {

SaslStep ScramExchange::take(std::string_view response) {
    const Next what = std::exchange(next_, Next::nothing);
    switch (what) {
        case Next::first:
            if (!take_first(response)) return {};
            next_ = Next::final;
            return {SaslStep::Kind::open, {}};
        case Next::final: {
            SaslStep step = take_final(response);
            if (step.kind == SaslStep::Kind::secret) next_ = Next::empty;
            return step;
        }
        case Next::empty:
            if (response.empty()) return {SaslStep::Kind::open, {}};
            return {};
        case Next::nothing:
            break;
    }
    return {};
}

/// client-first-message (RFC 5802 7): gs2-header `n=` saslname `,r=` nonce [`,` extensions].
bool ScramExchange::take_first(std::string_view message) {
    if (has_control(message)) return false;
    const auto header = Gs2Header::parse(message);
    if (!header) return false;
    const std::string_view bare = message.substr(header->octets);
    const auto comma = bare.find(',');
    if (!bare.starts_with("n=") || comma == std::string_view::npos) return false;
    if (!bare.substr(comma + 1).starts_with("r=")) return false;
    const auto name = unescaped_saslname(bare.substr(2, comma - 2));
    return name && add_identity(*name) && add_identity(header->authorization);
}

/// client-final-message (RFC 5802 7): `c=` base64 `,r=` nonce [`,` extensions] `,p=` base64. One
/// proof alone, at the end: Dovecot takes the last field that begins with a p, others the first.
SaslStep ScramExchange::take_final(std::string_view message) const {
    const auto begin = message.rfind(",p=");
    if (has_control(message) || !message.starts_with("c=") || begin == std::string_view::npos)
        return {};
    const std::string_view without_proof = message.substr(0, begin);
    if (without_proof.find(",r=") == std::string_view::npos ||
        without_proof.find(",p") != std::string_view::npos)
        return {};
    const auto proof = decoded_base64(message.substr(begin + 3));
    const std::size_t octets = mechanism() == Mechanism::scram_sha_1 ? 20 : 32;
    if (!proof || proof->size() != octets) return {};

    Spoiler spoiler = spoiler_of(message);
    SaslStep step{SaslStep::Kind::secret, Secret(message.substr(0, begin + 3))};
    append_base64(step.spoilt, spoilt_octets(spoiler, proof->view()).view());
    return step;
}

}  // namespace smtpblock::smtp
