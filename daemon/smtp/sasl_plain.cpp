#include "daemon/smtp/sasl_plain.h"

namespace smtpblock::smtp {

PlainMessage PlainMessage::parse(std::string_view decoded) {
    PlainMessage message;
    const auto first = decoded.find('\0');
    if (first == std::string_view::npos) return message;
    const auto second = decoded.find('\0', first + 1);
    if (second == std::string_view::npos) return message;
    message.authorization = decoded.substr(0, first);
    message.authentication = decoded.substr(first + 1, second - first - 1);
    message.secret = decoded.substr(second + 1);
    message.well_formed = true;
    return message;
}

Secret PlainMessage::with_secret(std::string_view other) const {
    Secret out;
    out.reserve(authorization.size() + authentication.size() + other.size() + 2);
    out.append(authorization).append('\0').append(authentication).append('\0').append(other);
    return out;
}

SaslStep PlainExchange::take(std::string_view response) {
    taken_ = true;
    const PlainMessage message = PlainMessage::parse(response);
    if (!message.well_formed) return {SaslStep::Kind::open, {}};
    if (message.authentication.empty() || !add_identity(message.authentication) ||
        !add_identity(message.authorization))
        return {};
    Spoiler spoiler = spoiler_of(message.secret);
    const Secret wrong = spoilt_password(spoiler, message.secret);
    return {SaslStep::Kind::secret, message.with_secret(wrong.view())};
}

SaslStep LoginExchange::take(std::string_view response) {
    if (next_ == Next::user) {
        const bool good = add_identity(response);
        // Nobody has words of his own, but is asked for no password.
        next_ = good && !response.empty() ? Next::password : Next::nothing;
        return {good ? SaslStep::Kind::open : SaslStep::Kind::malformed, {}};
    }
    next_ = Next::nothing;
    Spoiler spoiler = spoiler_of(response);
    return {SaslStep::Kind::secret, spoilt_password(spoiler, response)};
}

}  // namespace smtpblock::smtp
