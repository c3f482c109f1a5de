#include "daemon/policy/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/login_name.h"
#include "daemon/policy/helo_name.h"
#include "daemon/policy/limits.h"
#include "daemon/policy/sender.h"

namespace smtpblock::policy {
namespace {

constexpr std::string_view dunno = "DUNNO";

/// AUTH is no state of Postfix: Exim asks with it, by the recipe of smtpblockd(8).
std::optional<smtp::Moment> moment_of(std::string_view state) {
    if (state == "RCPT") return smtp::Moment::rcpt;
    if (state == "DATA" || state == "BDAT") return smtp::Moment::data;
    if (state == "END-OF-MESSAGE") return smtp::Moment::end;
    if (state == "AUTH") return smtp::Moment::auth;
    return std::nullopt;
}

/// What Postfix asks at elsewhere is nothing that we stop (SMTPD_POLICY_README).
bool is_other_state(std::string_view state) {
    constexpr std::array<std::string_view, 6> states{"CONNECT", "EHLO", "HELO",
                                                     "MAIL",    "VRFY", "ETRN"};
    return std::find(states.begin(), states.end(), state) != states.end();
}

/// The login, and the one in whose name he says that he sends (MAIL FROM ... AUTH=).
std::vector<Address> users_of(std::string_view username, std::string_view sender,
                              std::string_view auth_domain) {
    std::vector<Address> users;
    if (!username.empty()) users = readings_of_login(username, auth_domain);
    if (auto submitter = submitter_of(sender, auth_domain)) users.push_back(*std::move(submitter));
    return users;
}

}  // namespace

door::Options options_for(std::shared_ptr<const Settings> settings) {
    return {.begin =
                [settings = std::move(settings)](smtp::Policy& rules, const door::Asker& asker) {
                    return std::make_unique<Exchange>(settings, rules, asker);
                },
            .idle = limits::idle,
            .request = limits::request};
}

Exchange::Exchange(std::shared_ptr<const Settings> settings, smtp::Policy& rules, door::Asker asker)
    : settings_(std::move(settings)), rules_(rules), asker_(std::move(asker)) {}

/// A request that came in one piece, as they do, is read where it is.
void Exchange::on_bytes(std::string_view bytes) {
    const bool held = !held_.empty();
    if (held) held_ += bytes;
    std::string_view text = held ? held_ : bytes;
    while (!text.empty() && !finished()) {
        const auto state = reader_.read(text);
        if (state == RequestReader::State::more) break;
        if (state == RequestReader::State::flawed) {
            complain("bad request", std::string(reader_.flaw()));
            finish();
            break;
        }
        answer(reader_.request(text));
        text.remove_prefix(reader_.octets());
        reader_.reset();
    }
    if (held)
        held_.erase(0, held_.size() - text.size());
    else
        held_ = text;
}

void Exchange::on_eof() {
    if (!held_.empty() && !finished()) complain("bad request", "it ends in the middle");
    finish();
}

void Exchange::answer(const Request& request) {
    const std::string_view state = request.state.value_or("");
    const auto moment = moment_of(state);
    if (!moment && !is_other_state(state)) tell_of_state(state);
    say("action=");
    say(moment ? decide(*moment, request) : dunno);
    say("\n\n");
}

/// What becomes of it.
std::string_view Exchange::decide(smtp::Moment moment, const Request& request) {
    const Context& context = context_of(request);
    const std::string_view username = request.sasl_username.value_or("");
    smtp::Subject subject;
    subject.session = asker_.session;
    subject.listener = context.listener;
    subject.listener_direction = context.direction;
    subject.client = request.client_address.value_or("");
    subject.authenticated = !username.empty();
    if (!context.trusted_networks.empty())
        if (const auto address = IpAddress::parse(subject.client))
            subject.trusted = any_contains(context.trusted_networks, *address);
    if (request.helo_name)
        subject.ehlo_names =
            names_.of({*request.helo_name}, [&] { return names_of_helo(*request.helo_name); });
    const std::string_view sasl_sender = request.sasl_sender.value_or("");
    subject.users = users_.of({username, sasl_sender, context.auth_domain},
                              [&] { return users_of(username, sasl_sender, context.auth_domain); });
    const bool tells_none = request.sender == "" && moment == smtp::Moment::auth;
    if (request.sender && !tells_none) {
        subject.has_sender = true;
        subject.null_sender = request.sender->empty();
        subject.sender_path = *request.sender;
    }
    if (subject.has_sender && !subject.null_sender)
        subject.sender = &sender_.of({*request.sender, context.auth_domain}, [&] {
            return sender_of(*request.sender, context.auth_domain);
        });
    subject.recipient_path = request.recipient.value_or("");
    return own_words(moment, rules_.find(moment, subject));
}

/// Not Postfix's DEFER_IF_PERMIT where the store is in trouble: a later restriction could still
/// refuse for good whom the rules let pass, but it would also be for Postfix to find the words, and
/// they are those of the front (the contract, 4).
std::string_view Exchange::own_words(smtp::Moment moment, const smtp::Finding& finding) {
    const bool at_auth = moment == smtp::Moment::auth;
    switch (finding.verdict) {
        case Verdict::pass:
            break;
        case Verdict::reject:
            return "554 5.7.1 Access denied";
        case Verdict::defer:  // of a login it would tell
            return at_auth ? "554 5.7.1 Access denied" : "450 4.7.1 Access denied";
        case Verdict::trouble:
            return at_auth ? "454 4.7.0 Temporary authentication failure"
                           : "451 4.3.0 Temporary lookup failure";
    }
    if (finding.trial == 0) return dunno;
    // For the administrator: Postfix writes it into its log, and the client never sees it.
    warning_ = fmt::format("WARN smtpblock rule {} (log) matches", finding.trial);
    return warning_;
}

void Exchange::tell_of_state(std::string_view state) {
    if (settings_->told_of_state.exchange(true)) return;
    complain(
        "unknown protocol_state",
        fmt::format("{}: nothing is looked at; send RCPT, DATA or END-OF-MESSAGE, or AUTH for a "
                    "login",
                    state.empty() ? "none" : state));
}

const Context& Exchange::context_of(const Request& request) {
    const std::string_view name = request.context.value_or("");
    if (name.empty() || name == settings_->own.listener) return settings_->own;
    const auto found = settings_->others->find(name);
    if (found != settings_->others->end()) return found->second;
    if (!settings_->told_of_context.exchange(true))
        complain("unknown policy_context",
                 fmt::format("{}: no listener has that name; taken for {}", name,
                             settings_->own.listener));
    return settings_->own;
}

}  // namespace smtpblock::policy
