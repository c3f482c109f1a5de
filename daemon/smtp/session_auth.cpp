// AUTH (RFC 4954). The exchange is the upstream's. Here whose login it is gets read out of it, and
// for one who is blocked the secret is made a wrong one before it goes on, so that the refusal and
// its delay are those of a wrong password.
#include <algorithm>
#include <array>
#include <utility>

#include "common/base64.h"
#include "common/text.h"
#include "daemon/smtp/session_impl.h"

namespace smtpblock::smtp {
namespace {

/// Base64 that is malformed for every reader. What cannot be decoded here is not passed on, since
/// an upstream might read a secret out of it; this gets the upstream's own words for it.
constexpr std::string_view malformed = "!";

constexpr std::string_view wrong_password =
    "535 5.7.8 Error: authentication failed: (reason unavailable)";

/// In a name that no account has, but that an upstream may cut there: Dovecot reads a user name of
/// LOGIN up to a NUL, so `blocked@a.example\0x` would be another name here and the same there.
bool has_control(std::string_view name) {
    return std::any_of(name.begin(), name.end(), is_control);
}

void wipe(std::string& secret) {
    volatile char* octet = secret.data();
    for (std::size_t i = 0; i < secret.size(); ++i) octet[i] = '\0';
    secret.clear();
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
    const auto mechanism = mechanism_of(parsed.name);
    std::string_view why;
    if (hello_.empty())
        why = "503 5.5.1 Error: send HELO/EHLO first";
    else if (authenticated_)
        why = "503 5.5.1 Error: already authenticated";
    else if (transaction_)
        why = "503 5.5.1 Error: MAIL transaction in progress";
    else if (!auth_offered())
        why = "503 5.5.1 Error: authentication not enabled";
    else if (parsed.name.empty() || parsed.surplus)
        why = "501 5.5.4 Syntax: AUTH mechanism";
    else if (!mechanism || !offered_.mechanisms.has(*mechanism))
        why = "504 5.5.4 Error: authentication mechanism not supported";
    if (!why.empty()) refuse(why);
    return !why.empty();
}

void Session::Impl::auth(std::string_view argument) {
    if (is_refused_before_connecting(argument)) return;
    if (!link_.ready()) return hold(Verb::auth, argument);

    const AuthArgument parsed(argument);
    auth_.emplace();
    auth_->mechanism = *mechanism_of(parsed.name);
    switch (auth_->mechanism) {
        case Mechanism::plain:
            if (parsed.response) return send_plain("AUTH PLAIN ", *parsed.response);
            auth_->next = AuthExchange::Next::plain_message;
            return send_auth("AUTH PLAIN");
        case Mechanism::login:
            if (parsed.response) return send_login_user("AUTH LOGIN ", *parsed.response);
            auth_->next = AuthExchange::Next::login_user;
            return send_auth("AUTH LOGIN");
        case Mechanism::cram_md5:
        case Mechanism::scram_sha_1:
        case Mechanism::scram_sha_256:
        case Mechanism::xoauth2:
        case Mechanism::oauthbearer:
            auth_.reset();
            return refuse("504 5.5.4 Error: authentication mechanism not supported");
    }
}

void Session::Impl::auth_response(std::string_view line) {
    mode_ = Mode::command;
    if (!link_.ready()) {  // lost while the client was asked
        auth_.reset();
        return say(unavailable_for_auth);
    }
    if (line == "*") {
        auth_->cancelled = true;
        return send_auth("*");
    }
    switch (auth_->next) {
        case AuthExchange::Next::plain_message:
            return send_plain("", line);
        case AuthExchange::Next::login_user:
            return send_login_user("", line);
        case AuthExchange::Next::login_secret:
            return send_login_secret(line);
        case AuthExchange::Next::nothing:
            return send_auth("*");
    }
}

void Session::Impl::send_plain(std::string_view prefix, std::string_view encoded) {
    auth_->next = AuthExchange::Next::nothing;
    auto decoded = base64_decode(encoded == "=" ? "" : encoded);
    if (!decoded) return send_auth(fmt::format("{}{}", prefix, malformed));
    const PlainMessage message = PlainMessage::parse(*decoded);
    if (has_control(message.authentication) || has_control(message.authorization))
        return send_auth(fmt::format("{}{}", prefix, malformed));
    auth_->user = message.authentication;
    for (const std::string_view identity : {message.authentication, message.authorization})
        if (!identity.empty())
            auth_->identities.push_back(Address::of_identity(identity, options_.auth_domain));

    const Verdict verdict = check_auth();
    // Spoilt for everybody, so that it takes as long for those who pass.
    std::string wrong = spoilt(Mechanism::plain, auth_->user, message.secret, options_.keyed_hash);
    std::string line(prefix);
    if (verdict == Verdict::trouble) {
        auth_trouble(prefix.empty());
    } else if (verdict == Verdict::pass || !message.well_formed) {
        send_auth(line += encoded);
    } else {
        auth_->spoilt = true;
        std::string replaced = message.with_secret(wrong);
        send_auth(line += base64_encode(replaced));
        wipe(replaced);
    }
    wipe(line);
    wipe(wrong);
    wipe(*decoded);
}

void Session::Impl::send_login_user(std::string_view prefix, std::string_view encoded) {
    auth_->next = AuthExchange::Next::nothing;
    const auto user = base64_decode(encoded == "=" ? "" : encoded);
    if (!user || has_control(*user)) return send_auth(fmt::format("{}{}", prefix, malformed));
    auth_->next = AuthExchange::Next::login_secret;
    auth_->user = *user;
    auth_->identities = {Address::of_identity(*user, options_.auth_domain)};
    send_auth(fmt::format("{}{}", prefix, encoded));
}

void Session::Impl::send_login_secret(std::string_view encoded) {
    auth_->next = AuthExchange::Next::nothing;
    auto secret = base64_decode(encoded);
    if (!secret) return send_auth(malformed);
    const Verdict verdict = check_auth();
    std::string wrong = spoilt(Mechanism::login, auth_->user, *secret, options_.keyed_hash);
    if (verdict == Verdict::trouble) {
        auth_trouble(true);
    } else if (verdict == Verdict::pass) {
        send_auth(encoded);
    } else {
        auth_->spoilt = true;
        send_auth(base64_encode(wrong));
    }
    wipe(wrong);
    wipe(*secret);
}

Verdict Session::Impl::check_auth() {
    Subject subject = this->subject();
    subject.users = auth_->identities;
    return policy_.check(Moment::auth, subject);
}

/// A step of the exchange, to which the client waits for the answer.
void Session::Impl::send_auth(std::string_view line) {
    if (link_.quiet()) upstream_since_ = now_;
    link_.send(fmt::format("{}\r\n", line), {.due = Due::auth, .place = replies_.promise()});
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
    auth_.reset();
    copy_upstream("*\r\n");
}

void Session::Impl::on_auth_reply(ReplyQueue::Place place, const Reply& reply) {
    hold_ = Hold::nothing;
    client_since_ = now_;
    if (reply.code == 334 && auth_->next != AuthExchange::Next::nothing) {
        mode_ = Mode::auth_response;
        replies_.answer(place, reply.wire);
        return;
    }
    if (reply.code / 100 == 3) {
        // More is asked than this mechanism has, so what a client said to it could not be judged.
        if (auth_->cancelled) {
            answer(place, wrong_password);
            return lose_upstream("it goes on with a cancelled AUTH");
        }
        auth_->cancelled = true;
        link_.send("*\r\n", {.due = Due::auth, .place = place});
        hold_ = Hold::auth_reply;
        return;
    }

    const AuthExchange exchange = *std::exchange(auth_, std::nullopt);
    Subject subject = this->subject();
    subject.users = exchange.identities;
    if (!exchange.spoilt) policy_.authenticated(subject, reply.positive());
    if (!reply.positive()) return relay(place, reply);
    if (exchange.spoilt || exchange.cancelled) {
        note("upstream takes a wrong password", "");
        answer(place, wrong_password);
        return drop_upstream();
    }
    authenticated_ = true;
    users_ = exchange.identities;
    relay(place, reply);
}

}  // namespace smtpblock::smtp
