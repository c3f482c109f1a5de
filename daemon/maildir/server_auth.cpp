// AUTH PLAIN and LOGIN (RFC 4954) of the embedded upstream. A wrong password, and an account that
// does not exist, get the same words after the same time.
#include <utility>

#include "common/base64.h"
#include "common/text.h"
#include "daemon/maildir/server.h"
#include "daemon/smtp/sasl_plain.h"

namespace smtpblock::maildir {
namespace {

/// As Dovecot does, so that guessing is slow.
constexpr auto failure_delay = std::chrono::seconds(2);

/// Costs what a real one costs; its password is nobody's.
constexpr const char* nobodys_hash =
    "$6$nobody.at.all$0000000000000000000000000000000000000000000000000000000000000000000000000000"
    "0000000000";

constexpr std::string_view bad_base64 =
    "535 5.7.8 Error: authentication failed: Invalid base64 data in continued response";

}  // namespace

void Server::auth(std::string_view argument) {
    if (authenticated_) return say("503 5.5.1 Error: already authenticated");
    if (sender_) return say("503 5.5.1 Error: MAIL transaction in progress");
    const auto space = argument.find(' ');
    const std::string_view mechanism = argument.substr(0, space);
    const bool has_response = space != std::string_view::npos;
    const std::string_view response = has_response ? argument.substr(space + 1) : "";
    if (equal_ignoring_case(mechanism, "PLAIN")) {
        if (has_response) return take_plain(response);
        mode_ = Mode::auth_plain;
        say("334 ");
    } else if (equal_ignoring_case(mechanism, "LOGIN")) {
        if (has_response) return take_user(response);
        mode_ = Mode::auth_user;
        say("334 VXNlcm5hbWU6");  // Username:
    } else {
        say("535 5.7.8 Error: authentication failed: Invalid authentication mechanism");
    }
}

void Server::auth_response(std::string_view line) {
    const Mode mode = std::exchange(mode_, Mode::command);
    if (line == "*") return say("501 5.7.0 Authentication aborted");
    if (mode == Mode::auth_plain) return take_plain(line);
    if (mode == Mode::auth_user) return take_user(line);
    auto secret = smtp::decoded_base64(line);
    if (!secret) return say(bad_base64);
    check(std::exchange(user_, {}), std::make_shared<const smtp::Secret>(*std::move(secret)));
}

void Server::take_plain(std::string_view encoded) {
    const auto decoded = smtp::decoded_base64(encoded == "=" ? "" : encoded);
    if (!decoded) return say(bad_base64);
    const auto message = smtp::PlainMessage::parse(decoded->view());
    const bool for_another =
        !message.authorization.empty() && message.authorization != message.authentication;
    // One account cannot act for another; it fails as a wrong password does.
    check(message.well_formed && !for_another ? message.authentication : "",
          std::make_shared<const smtp::Secret>(message.secret));
}

void Server::take_user(std::string_view encoded) {
    const auto user = base64_decode(encoded == "=" ? "" : encoded);
    if (!user) return say(bad_base64);
    user_ = *user;
    mode_ = Mode::auth_secret;
    say("334 UGFzc3dvcmQ6");  // Password:
}

void Server::check(std::string_view user, std::shared_ptr<const smtp::Secret> secret) {
    const auto account =
        options_.accounts.find(Address::of_identity(user, options_.auth_domain).text());
    const bool known = account != options_.accounts.end() && !user.empty();
    // For an unknown account somebody's hash is tried all the same, for its time.
    const std::string hash = known                        ? account->second
                             : !options_.accounts.empty() ? options_.accounts.begin()->second
                                                          : nobodys_hash;
    start(Waits::password, [known, hash, secret = std::move(secret)] {
        return password_matches(hash, *secret) && known;
    });
}

void Server::on_password_job(bool answer, smtp::Instant now) {
    if (!answer) {
        waits_ = Waits::delay;
        answer_due_ = now + failure_delay;
        return;
    }
    authenticated_ = true;
    say("235 2.7.0 Authentication successful");
}

}  // namespace smtpblock::maildir
