// AUTH (RFC 4954). The exchange is the upstream's. Here whose login it is gets read out of it, and
// for one who is blocked the secret is made a wrong one before it goes on, so that the refusal and
// its delay are those of a wrong password. What a mechanism says is known to sasl_exchange.h; no
// success is believed but that of an exchange whose secret was judged and may pass.
#include <algorithm>
#include <utility>

#include "common/login_name.h"
#include "common/text.h"
#include "daemon/smtp/limits.h"
#include "daemon/smtp/session_impl.h"

namespace smtpblock::smtp {
namespace {

constexpr std::string_view wrong_password =
    "535 5.7.8 Error: authentication failed: (reason unavailable)";

/// Base64 that is malformed for every reader. What cannot be decoded or judged here is not passed
/// on, since an upstream might read a login out of it; this gets the upstream's own words for it.
constexpr std::string_view malformed = "!";

/// A mechanism that no server has.
constexpr std::string_view unheard_of = "X-NONE";

/// The name under which a mechanism that is not understood goes to the upstream, for its words: not
/// its own when it may succeed without a response.
std::string_view harmless(std::string_view name) {
    const bool needs_nothing =
        equal_ignoring_case(name, "EXTERNAL") || equal_ignoring_case(name, "ANONYMOUS");
    return needs_nothing ? unheard_of : name;
}

/// sasl-mech of RFC 4422 3.1, in whatever case.
bool is_mechanism_name(std::string_view name) {
    constexpr std::size_t most_octets = 20;
    return !name.empty() && name.size() <= most_octets &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
}

/// What is said of one account's login may be said of another's.
bool names_nobody(std::string_view reply, const std::vector<std::string>& identities) {
    const std::string words = folded(reply);
    return std::none_of(identities.begin(), identities.end(), [&](std::string_view identity) {
        const std::string name = folded(identity.substr(0, identity.find('@')));
        return words.find(name) != std::string::npos;
    });
}

/// What stands behind AUTH (RFC 4954 4).
struct AuthArgument {
    std::string_view name;                     ///< of the mechanism
    std::optional<std::string_view> response;  ///< the initial one
    bool surplus = false;                      ///< there is more

    explicit AuthArgument(std::string_view argument) : name(take_word(argument)) {
        if (!argument.empty()) response = take_word(argument);
        surplus = !argument.empty();
    }

private:
    static std::string_view take_word(std::string_view& text) {
        constexpr std::string_view white_space = " \t";
        const auto end = std::min(text.find_first_of(white_space), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(text.find_first_not_of(white_space, end), text.size()));
        return word;
    }
};

}  // namespace

bool Session::Impl::auth_offered() const {
    if (!offered_.auth()) return false;
    if (client_tls_ == ClientTls::active) return true;
    if (options_.starttls == StartTls::required) return false;
    switch (options_.auth_without_tls) {
        case AuthWithoutTls::never:
            return false;
        case AuthWithoutTls::loopback:
            return client_.loopback;
        case AuthWithoutTls::always:
            return true;
    }
    return false;
}

/// What can be refused without the upstream; true when it was.
bool Session::Impl::is_refused_before_connecting(std::string_view argument) {
    const AuthArgument parsed(argument);
    std::string_view why;
    if (hello_.empty())
        why = "503 5.5.1 Error: send HELO/EHLO first";
    else if (!auth_offered())
        why = offered_.auth() && options_.starttls != StartTls::off
                  ? "504 5.5.4 Encryption required for requested authentication mechanism"
                  : "503 5.5.1 Error: authentication not enabled";
    else if (authenticated_)
        why = "503 5.5.1 Error: already authenticated";
    else if (transaction_)
        why = "503 5.5.1 Error: MAIL transaction in progress";
    else if (parsed.surplus || !is_mechanism_name(parsed.name))
        why = "501 5.5.4 Syntax: AUTH mechanism";
    if (!why.empty()) refuse(why);
    return !why.empty();
}

void Session::Impl::auth(std::string_view argument) {
    if (is_refused_before_connecting(argument)) return;
    if (!link_.ready()) return hold(Verb::auth, argument);

    const AuthArgument parsed(argument);
    const auto mechanism = mechanism_of(parsed.name);
    auth_.emplace();
    if (!mechanism || !offered_.mechanisms.has(*mechanism))
        return send_auth({"AUTH ", harmless(parsed.name)});
    auth_->mechanism = *mechanism;
    auth_->sasl = start_exchange(*mechanism, options_.keyed_hash);
    if (!parsed.response) return send_auth({"AUTH ", word(*mechanism)});
    take_auth_response(fmt::format("AUTH {} ", word(*mechanism)), *parsed.response);
}

void Session::Impl::auth_response(std::string_view line) {
    mode_ = Mode::command;
    if (auth_->local && (link_.ready() || upstream_.hung_up)) return local_response(line);
    if (!link_.ready()) {  // lost while the client was asked
        auth_.reset();
        return say(unavailable_for_auth);
    }
    if (line == "*") {
        auth_->cancelled = true;
        return send_auth({"*"});
    }
    take_auth_response("", line);
}

/// `command` stands before an initial response, and is empty before another.
void Session::Impl::take_auth_response(std::string_view command, std::string_view encoded) {
    const bool initial = !command.empty();
    // An empty initial response is written as `=`, an empty one of another step as nothing.
    const auto decoded = decoded_base64(initial && encoded == "=" ? "" : encoded);
    SaslStep step;
    if (decoded)
        step = initial ? auth_->sasl->take_initial(decoded->view())
                       : auth_->sasl->take(decoded->view());
    switch (step.kind) {
        case SaslStep::Kind::open:
            return send_auth({command, encoded});
        case SaslStep::Kind::secret:
            return judge(step, command, encoded);
        case SaslStep::Kind::malformed:
            auth_->sasl.reset();
            return send_auth({command, malformed});
    }
}

/// The one moment of an exchange at which its rules are looked at. The wrong secret is there for
/// everybody, so that it takes as long for those who pass.
void Session::Impl::judge(const SaslStep& step, std::string_view command,
                          std::string_view encoded) {
    for (const std::string& identity : auth_->sasl->identities())
        for (Address& address : readings_of_login(identity, options_.auth_domain))
            auth_->identities.push_back(std::move(address));
    Secret wrong;
    append_base64(wrong, step.spoilt.view());
    const auto [verdict, asks_upstream] = check_login();
    if (verdict == Verdict::trouble) return auth_trouble(command.empty());
    if (!asks_upstream) return fail_locally(command.empty());

    const bool passes = verdict == Verdict::pass;
    auth_->judged = passes ? AuthExchange::Judged::passed : AuthExchange::Judged::spoilt;
    if (step.usual && encoded.size() <= limits::usual_response_octets) auth_->secret_sent = now_;
    send_auth({command, passes ? encoded : wrong.view()});
}

LoginVerdict Session::Impl::check_login() {
    Subject subject = this->subject();
    subject.users = auth_->identities;
    return policy_.check_login(subject, blocked_logins_to_ask());
}

/// A step of the exchange, to which the client waits for the answer.
void Session::Impl::send_auth(std::initializer_list<std::string_view> parts) {
    if (link_.quiet()) upstream_since_ = now_;
    Secret line;
    for (const std::string_view part : parts) line.append(part);
    line.append("\r\n");
    link_.send(line.view(), {.due = Due::auth, .place = replies_.promise()});
    hold_ = Hold::auth_reply;
}

void Session::Impl::auth_trouble(bool exchange_begun) {
    auth_.reset();
    if (exchange_begun) copy_upstream("*\r\n");
    say("454 4.7.0 Temporary authentication failure: temporary lookup failure");
}

/// The client's response was no line that can go on: the exchange is over on both sides.
void Session::Impl::give_up_auth() {
    if (mode_ != Mode::auth_response) return;
    mode_ = Mode::command;
    const bool begun_there = !auth_->local;
    auth_.reset();
    if (begun_there) copy_upstream("*\r\n");
}

void Session::Impl::on_auth_reply(ReplyQueue::Place place, const Reply& reply) {
    hold_ = Hold::nothing;
    client_since_ = now_;
    note_answer_to_secret(reply);
    if (reply.code / 100 != 3) return end_auth(place, reply);
    if (auth_->cancelled) {
        auth_.reset();
        answer(place, wrong_password);
        return lose_upstream("it goes on with a cancelled AUTH");
    }
    if (reply.code == 334 && auth_->sasl && auth_->sasl->has_response()) {
        mode_ = Mode::auth_response;
        return answer_after(missing_pause(), place, reply.wire);
    }
    // More is asked than this mechanism has, so what a client said to it could not be judged.
    auth_->cancelled = true;
    link_.send("*\r\n", {.due = Due::auth, .place = place});
    hold_ = Hold::auth_reply;
}

/// Learns how a login fails here, from those that do so in earnest.
void Session::Impl::note_answer_to_secret(const Reply& reply) {
    if (!auth_->secret_sent || auth_->cancelled || !auth_->sasl) return;
    LoginFailure& seen = auth_->seen;
    if (reply.code == 334 && seen.challenge.empty()) {
        seen.challenge = reply.wire;
        seen.delay = now_ - *auth_->secret_sent;
    } else if (reply.code == 535) {
        if (seen.challenge.empty()) seen.delay = now_ - *auth_->secret_sent;
        seen.words = reply.wire;
        const bool is_slowed = pause_after(upstream_.errors) != Duration();
        if (!is_slowed && names_nobody(reply.wire, auth_->sasl->identities()))
            profile_.login_failures.learn(auth_->mechanism, seen);
    }
}

void Session::Impl::end_auth(ReplyQueue::Place place, const Reply& reply) {
    const AuthExchange exchange = *std::exchange(auth_, std::nullopt);
    const bool accepted =
        reply.positive() && !exchange.cancelled && exchange.judged == AuthExchange::Judged::passed;
    Subject subject = this->subject();
    subject.users = exchange.identities;
    if (exchange.judged != AuthExchange::Judged::spoilt) {
        policy_.authenticated(subject, accepted                ? LoginResult::accepted
                                       : reply.code / 100 == 4 ? LoginResult::deferred
                                                               : LoginResult::refused);
    }
    if (!reply.positive()) return relay(place, reply, missing_pause());
    if (!accepted) {
        note("upstream takes a login that must fail", "");
        refuse(place, wrong_password);
        return drop_upstream();
    }
    authenticated_ = true;
    users_ = exchange.identities;
    relay(place, reply, missing_pause());
}

}  // namespace smtpblock::smtp
