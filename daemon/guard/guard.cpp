#include "daemon/guard/guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "daemon/guard/log_record.h"
#include "daemon/guard/query.h"

namespace smtpblock::guard {
namespace {

std::string_view word(smtp::Moment moment) {
    switch (moment) {
        case smtp::Moment::auth:
            return "auth";
        case smtp::Moment::rcpt:
            return "rcpt";
        case smtp::Moment::data:
            return "data";
        case smtp::Moment::end:
            return "end";
    }
    return "?";
}

std::string_view word(smtp::LoginResult result) {
    switch (result) {
        case smtp::LoginResult::accepted:
            return "accepted";
        case smtp::LoginResult::deferred:
            return "deferred";
        case smtp::LoginResult::refused:
            return "refused";
    }
    return "?";
}

std::string_view first_word(Action action) {
    switch (action) {
        case Action::reject:
            return "block";
        case Action::defer:
            return "defer";
        case Action::log:
            return "trial";
        case Action::allow:
            break;  // stops nobody
    }
    return "pass";
}

std::string_view last_name(const smtp::Subject& subject) {
    return subject.ehlo_names.empty() ? std::string_view() : subject.ehlo_names.back().text;
}

/// The name that the rule matched; for a rule of another field the last one.
std::string_view matched_name(const smtp::Subject& subject, const Match& match) {
    return match.field == Field::ehlo ? subject.ehlo_names[match.place].text : last_name(subject);
}

/// The value that the rule matched, as rules are compared with it.
std::string matched_value(const smtp::Subject& subject, const Match& match) {
    switch (match.field) {
        case Field::sender:
            return subject.sender != nullptr ? subject.sender->text() : "<>";
        case Field::user:
            return subject.users[match.place].text();
        case Field::ehlo:
            return subject.ehlo_names[match.place].text;
    }
    return {};
}

void add_session(LogRecord& record, const smtp::Subject& subject) {
    record.add("session", subject.session).add("listener", subject.listener);
}

void add_client(LogRecord& record, const smtp::Subject& subject, std::string_view ehlo) {
    // Of one who greeted with nothing ehlo is empty; a mail server that asks may tell of none.
    record.add_known("client", subject.client);
    if (!subject.ehlo_names.empty()) record.add("ehlo", ehlo);
    if (subject.has_sender) record.add_path("from", subject.sender_path);
    if (!subject.users.empty()) record.add("user", subject.users.front().text());
}

}  // namespace

Clock Clock::system() {
    return {
        [] { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); },
        [] { return std::chrono::steady_clock::now(); }};
}

Guard::Guard(StoreReader& rules, Log& log, GuardState& state, GuardOptions options, Clock clock)
    : rules_(rules), log_(log), state_(state), options_(std::move(options)), clock_(clock) {}

Verdict Guard::check(smtp::Moment moment, const smtp::Subject& subject) {
    return find(moment, subject).verdict;
}

smtp::Finding Guard::find(smtp::Moment moment, const smtp::Subject& subject) {
    const Decision decision = decide(moment, subject);
    if (decision.verdict == Verdict::trouble) return {on_trouble()};
    if (decision.matches == 0) return {decision.verdict};
    report(moment, subject, decision, "");
    const auto all = decision.all();
    const auto trial = std::find_if(all.begin(), all.end(),
                                    [](const Match& match) { return match.action == Action::log; });
    return {decision.verdict, trial == all.end() ? 0 : trial->id};
}

smtp::LoginVerdict Guard::check_login(const smtp::Subject& subject, std::size_t most) {
    const Decision decision = decide(smtp::Moment::auth, subject);
    if (decision.verdict == Verdict::trouble) return {on_trouble(), true};
    const bool asks = decision.verdict == Verdict::pass || may_ask_upstream(subject, most);
    if (decision.matches > 0)
        report(smtp::Moment::auth, subject, decision, asks ? "upstream" : "local");
    return {decision.verdict, asks};
}

Decision Guard::decide(smtp::Moment moment, const smtp::Subject& subject) {
    const Query query = query_for(moment, subject, options_.recipient_delimiter, clock_.wall());
    Decision decision = rules_.decide(query);
    if (decision.verdict == Verdict::trouble) return decision;
    state_.notices.no_trouble();
    state_.notices.pause(decision.paused_until, clock_.steady);
    warn_of_bare_identity(subject);
    return decision;
}

/// `answer`: who refuses a login that is blocked.
void Guard::report(smtp::Moment moment, const smtp::Subject& subject, const Decision& decision,
                   std::string_view answer) {
    if (decision.verdict != Verdict::pass)
        report(moment, subject, *decision.deciding, decision.others(), answer);
    RuleId last = 0;
    for (const Match& match : decision.all())
        if (match.action == Action::log && std::exchange(last, match.id) != match.id)
            report(moment, subject, match, "", "");
}

void Guard::report(smtp::Moment moment, const smtp::Subject& subject, const Match& match,
                   std::string_view also, std::string_view answer) {
    state_.sightings.add(match.id, match.field, matched_value(subject, match), clock_.wall());
    if (!log_.takes(LogLevel::info)) return;
    LogRecord record(first_word(match.action));
    add_session(record, subject);
    record.add("at", word(moment))
        .add("rule", match.id)
        .add("action", smtpblock::word(match.action));
    record.add("field", smtpblock::word(match.field)).add_known("also", also);
    add_client(record, subject, matched_name(subject, match));
    if (moment == smtp::Moment::rcpt) record.add_path("to", subject.recipient_path);
    record.add_known("answer", answer).write(log_, LogLevel::info);
}

void Guard::look() {
    const auto paused = rules_.paused(clock_.wall());
    if (paused) state_.notices.pause(*paused, clock_.steady);
}

Verdict Guard::on_trouble() {
    state_.notices.trouble(rules_.trouble(), options_.pass_on_store_error ? "no" : "defer",
                           clock_.steady());
    return options_.pass_on_store_error ? Verdict::pass : Verdict::trouble;
}

/// An identity without a domain, on a listener that completes it with none, is matched by rules of
/// the kind `user@` alone: somebody should know.
void Guard::warn_of_bare_identity(const smtp::Subject& subject) {
    for (const Address& user : subject.users) {
        if (!user.domain.empty() || warned_listeners_.contains(subject.listener)) continue;
        warned_listeners_.emplace(subject.listener);
        if (!state_.notices.is_first_bare_identity(subject.listener)) continue;
        LogRecord record("auth");
        add_session(record, subject);
        record.add("client", subject.client).add("user", user.text());
        record.add("detail",
                   "an identity without a domain: set auth_domain of this listener, or "
                   "only rules such as user@ match it");
        record.write(log_, LogLevel::warning);
    }
}

/// An account is the same one whatever listener it is tried at.
bool Guard::may_ask_upstream(const smtp::Subject& subject, std::size_t most) {
    const std::string account = subject.users.empty() ? "" : subject.users.front().text();
    return state_.blocked_logins.take(account, most, clock_.steady());
}

void Guard::authenticated(const smtp::Subject& subject, smtp::LoginResult result) {
    if (!log_.takes(LogLevel::info)) return;
    LogRecord record("auth");
    add_session(record, subject);
    record.add("at", "auth");
    add_client(record, subject, last_name(subject));
    record.add("result", word(result)).write(log_, LogLevel::info);
}

void Guard::accepted(const smtp::Subject& subject, std::string_view reply) {
    if (!log_.takes(LogLevel::info)) return;
    LogRecord record("pass");
    add_session(record, subject);
    record.add("at", "end");
    add_client(record, subject, last_name(subject));
    record.add("recipients", std::uint64_t{subject.recipients}).add("reply", reply);
    record.write(log_, LogLevel::info);
}

void Guard::note(const smtp::Subject& subject, std::string_view event, std::string_view detail) {
    if (!log_.takes(LogLevel::info)) return;
    LogRecord record("session");
    add_session(record, subject);
    add_client(record, subject, last_name(subject));
    record.add("event", event).add_known("detail", detail).write(log_, LogLevel::info);
}

}  // namespace smtpblock::guard
