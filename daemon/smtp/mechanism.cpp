#include "daemon/smtp/mechanism.h"

#include "common/text.h"

namespace smtpblock::smtp {

std::string_view word(Mechanism mechanism) {
    switch (mechanism) {
        case Mechanism::plain:
            return "PLAIN";
        case Mechanism::login:
            return "LOGIN";
        case Mechanism::cram_md5:
            return "CRAM-MD5";
        case Mechanism::scram_sha_1:
            return "SCRAM-SHA-1";
        case Mechanism::scram_sha_256:
            return "SCRAM-SHA-256";
        case Mechanism::xoauth2:
            return "XOAUTH2";
        case Mechanism::oauthbearer:
            return "OAUTHBEARER";
    }
    return "?";
}

std::optional<Mechanism> mechanism_of(std::string_view name) {
    for (const Mechanism mechanism : mechanisms)
        if (equal_ignoring_case(name, word(mechanism))) return mechanism;
    return std::nullopt;
}

}  // namespace smtpblock::smtp
