// A Policy that blocks everybody or nobody, and remembers whom it refused.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "daemon/smtp/policy.h"

namespace smtpblock::smtp {

class Toggled : public Policy {
public:
    bool blocked = false;
    bool end_refused = false;  // the last message's end was refused
    std::set<std::string> refused_recipients;
    std::string refused_user;  // whose AUTH was refused last

    Verdict check(Moment moment, const Subject& subject) override {
        if (moment == Moment::end) end_refused = blocked;
        if (!blocked) return Verdict::pass;
        if (moment == Moment::rcpt) refused_recipients.emplace(subject.recipient_path);
        if (moment == Moment::auth && !subject.users.empty())
            refused_user = subject.users.front().local;
        return Verdict::reject;
    }
    LoginVerdict check_login(const Subject& subject, std::size_t most) override {
        const Verdict verdict = check(Moment::auth, subject);
        return {verdict, verdict == Verdict::pass || (most > 0 && ++asked % 4 != 0)};
    }
    unsigned asked = 0;
    void authenticated(const Subject&, LoginResult result) override {
        logins += result == LoginResult::accepted ? 1 : 0;
    }
    unsigned messages = 0;
    unsigned logins = 0;
    void accepted(const Subject&, std::string_view) override { ++messages; }
    void note(const Subject&, std::string_view, std::string_view) override {}
};

}  // namespace smtpblock::smtp
