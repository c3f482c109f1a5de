// How an upstream answers a wrong password: learnt from its real answers, for blocked logins that
// the upstream is not asked about.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "daemon/smtp/mechanism.h"
#include "daemon/smtp/session_options.h"

namespace smtpblock::smtp {

struct LoginFailure {
    /// What comes first and wants a response (RFC 7628 3.2.3), a 334 with its CRLF; mostly empty.
    std::string challenge;
    std::string words = "535 5.7.8 Error: authentication failed: (reason unavailable)\r\n";
    /// From the secret to the first of them. Until one was seen: as Dovecot has it.
    Duration delay = std::chrono::seconds(2);
};

class LoginFailures {
public:
    /// The last one counts. One that is larger than any real one is not taken.
    void learn(Mechanism mechanism, LoginFailure failure);
    /// As it was seen for that mechanism, else in the last words of another.
    LoginFailure answer_to(Mechanism mechanism) const;
    /// Another one when the words are others than before.
    std::uint64_t version() const { return version_; }

private:
    std::array<std::optional<LoginFailure>, mechanisms.size()> seen_;
    std::uint64_t version_ = 0;
};

}  // namespace smtpblock::smtp
