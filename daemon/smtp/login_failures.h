// How an upstream answers a wrong password: learnt from its real answers, for blocked logins that
// the upstream is not asked about.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

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
    struct News {
        Mechanism mechanism;
        LoginFailure failure;
    };

    /// The last one counts. One that is larger than any real one is not taken.
    void learn(Mechanism mechanism, LoginFailure failure);
    /// What was learnt since the last call and has other words than before.
    std::vector<News> take_news();
    /// What somebody else has learnt: no news here.
    void adopt(const News& news);
    /// As it was seen for that mechanism, else in the last words of another.
    LoginFailure answer_to(Mechanism mechanism) const;

private:
    std::array<std::optional<LoginFailure>, mechanisms.size()> seen_;
    MechanismSet news_;
};

}  // namespace smtpblock::smtp
