// A Policy over a table of rules, which counts what it let pass.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "daemon/guard/query.h"
#include "daemon/smtp/policy.h"
#include "unit/memory_rules.h"

namespace smtpblock::transcripts {

class FakePolicy : public smtp::Policy {
public:
    MemoryRules rules;
    Time now{std::chrono::seconds(1700000000)};

    std::map<std::string, int> recipients_passed;
    int blocked = 0;  ///< at whatever moment
    int logins_passed = 0;
    int data_passed = 0;
    int ends_passed = 0;
    int ends_blocked = 0;
    int accepted_told = 0;
    std::map<std::string, std::pair<Time, std::size_t>> blocked_logins;
    std::string notes;

    Verdict check(smtp::Moment moment, const smtp::Subject& subject) override {
        const Verdict verdict = decide(guard::query_for(moment, subject, "+", now), rules).verdict;
        const bool passes = verdict == Verdict::pass;
        blocked += !passes;
        switch (moment) {
            case smtp::Moment::auth:
                logins_passed += passes;
                break;
            case smtp::Moment::rcpt:
                recipients_passed[std::string(subject.recipient_path)] += passes;
                break;
            case smtp::Moment::data:
                data_passed += passes;
                break;
            case smtp::Moment::end:
                ends_passed += passes;
                ends_blocked += !passes;
                break;
        }
        return verdict;
    }

    smtp::LoginVerdict check_login(const smtp::Subject& subject, std::size_t most) override {
        const Verdict verdict = check(smtp::Moment::auth, subject);
        if (verdict == Verdict::pass || verdict == Verdict::trouble) return {verdict, true};
        constexpr auto window = std::chrono::minutes(1);
        auto& [since, logins] =
            blocked_logins[subject.users.empty() ? "" : subject.users[0].text()];
        if (now - since >= window) {
            since = now;
            logins = 0;
        }
        return {verdict, logins++ < most};
    }
    void authenticated(const smtp::Subject&, smtp::LoginResult) override {}
    void accepted(const smtp::Subject&, std::string_view) override { ++accepted_told; }
    void note(const smtp::Subject&, std::string_view event, std::string_view detail) override {
        notes += std::string("  note: ") + std::string(event) + " " + std::string(detail) + "\n";
    }
};

}  // namespace smtpblock::transcripts
