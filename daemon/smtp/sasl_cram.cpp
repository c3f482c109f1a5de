#include "daemon/smtp/sasl_cram.h"

namespace smtpblock::smtp {

SaslStep CramExchange::take(std::string_view response) {
    taken_ = true;
    // A user name may have spaces: Dovecot and Cyrus SASL both part it at the last one.
    const auto space = response.rfind(' ');
    if (space == std::string_view::npos || space == 0 || has_control(response)) return {};
    const std::string_view digest = response.substr(space + 1);
    if (!add_identity(response.substr(0, space))) return {};

    // Dovecot compares the first 32 digits and leaves the rest unread, so each one is replaced.
    Spoiler spoiler = spoiler_of(digest);
    SaslStep step{SaslStep::Kind::secret, Secret(response.substr(0, space + 1))};
    step.spoilt.append(spoilt_hex(spoiler, digest).view());
    if (step.spoilt.view() == response) return {SaslStep::Kind::open, {}};  // no digit in it
    return step;
}

}  // namespace smtpblock::smtp
