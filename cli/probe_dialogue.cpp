#include "cli/probe_dialogue.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>

#include "common/base64.h"
#include "common/text.h"

namespace smtpblock {
namespace {

/// A reply that is longer is none: RFC 5321 4.5.3.1.5 has 512 octets a line.
constexpr std::size_t longest_reply = 1U << 14U;

bool is_code(std::string_view line) {
    return line.size() >= 3 && line[0] >= '2' && line[0] <= '5' && is_digit(line[1]) &&
           is_digit(line[2]) && (line.size() == 3 || line[3] == ' ' || line[3] == '-');
}

unsigned code_of(std::string_view line) {
    const auto digit = [&](std::size_t i) { return static_cast<unsigned>(line[i] - '0'); };
    return digit(0) * 100 + digit(1) * 10 + digit(2);
}

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(" ="), text.size()));
        if (text.empty()) return words;
        words.push_back(text.substr(0, text.find_first_of(" =")));
        text.remove_prefix(words.back().size());
    }
}

}  // namespace

std::string ProbeDialogue::Reply::in_a_line() const {
    std::string line = fmt::format("{}", code);
    for (const std::string& text : texts)
        if (!text.empty()) line += " " + text;
    return line;
}

ProbeDialogue::~ProbeDialogue() {
    if (question_.login)
        ::explicit_bzero(question_.login->password.data(), question_.login->password.size());
}

void ProbeDialogue::on_bytes(std::string_view bytes) {
    while (!bytes.empty() && !finished_) {
        const auto end = bytes.find('\n');
        const auto piece = bytes.substr(0, end);
        if (reply_octets_ + buffer_.size() + piece.size() > longest_reply) {
            lines_.push_back({false, (buffer_ + std::string(piece)).substr(0, 200) + "…"});
            return fail(fmt::format("answers {} with more than {} KiB; that is no SMTP", asked(),
                                    longest_reply / 1024));
        }
        buffer_ += piece;
        if (end == std::string_view::npos) return;
        bytes.remove_prefix(end + 1);
        if (buffer_.ends_with('\r')) buffer_.pop_back();
        if (!take_line(std::exchange(buffer_, {}))) continue;
        if (!bytes.empty() && at_ != At::quit)
            return fail(fmt::format("says more than one reply to {}", asked()));
        reply_octets_ = 0;
        on_reply(std::exchange(reply_, {}));
    }
}

void ProbeDialogue::on_closed() {
    if (finished_) return;
    if (!buffer_.empty()) lines_.push_back({false, std::exchange(buffer_, {})});
    if (verdict_)
        finished_ = true;
    else
        fail(at_ == At::greeting ? "closed the connection without a greeting"
                                 : fmt::format("closed the connection at {}", asked()));
}

/// True when it was the last one of a reply.
bool ProbeDialogue::take_line(std::string line) {
    if (!is_code(line)) {
        const std::string said = line.substr(0, 200);
        lines_.push_back({false, std::move(line)});
        fail(fmt::format("answers {} with {}; that is no SMTP", asked(), quoted(said)));
        return false;
    }
    reply_octets_ += line.size();
    reply_.code = code_of(line);
    reply_.texts.push_back(line.size() > 4 ? line.substr(4) : "");
    const bool last = line.size() == 3 || line[3] == ' ';
    lines_.push_back({false, std::move(line), reply_.code});
    return last;
}

void ProbeDialogue::on_reply(const Reply& reply) {
    const unsigned kind = reply.code / 100;
    if (at_ == At::quit) {
        finished_ = true;
        return;
    }
    if (at_ == At::ehlo && (reply.code == 500 || reply.code == 502))
        return say(At::helo, "HELO " + question_.ehlo);
    if (kind == 4) return conclude(ProbeVerdict::Kind::deferred, reply);
    if (kind == 5) return conclude(ProbeVerdict::Kind::refused, reply);
    const bool wants_more = at_ == At::auth_plain || at_ == At::auth_login || at_ == At::auth_user;
    if (kind != 2 && !(kind == 3 && wants_more))
        return fail(fmt::format("answers {} with {}", asked(), reply.code));

    switch (at_) {
        case At::greeting:
            if (question_.ehlo.empty()) return after_greetings();
            return say(At::ehlo, "EHLO " + question_.ehlo);
        case At::ehlo:
            for (const std::string& keyword : reply.texts) {
                const auto words = words_of(keyword);
                if (words.empty() || !equal_ignoring_case(words.front(), "AUTH")) continue;
                for (const std::string_view mechanism : words) {
                    offers_plain_ = offers_plain_ || equal_ignoring_case(mechanism, "PLAIN");
                    offers_login_ = offers_login_ || equal_ignoring_case(mechanism, "LOGIN");
                }
            }
            return after_greetings();
        case At::helo:
            return after_greetings();
        case At::auth_plain:
            if (kind == 3)  // it has not taken what came with the command
                return say(At::auth_secret, secret_of_plain(), "<user name and password>");
            [[fallthrough]];
        case At::auth_secret:
            return say(At::mail, fmt::format("MAIL FROM:<{}>", question_.from));
        case At::auth_login:
            return say(At::auth_user, base64_encode(question_.login->user), "<user name>");
        case At::auth_user:
            return say(At::auth_secret, base64_encode(question_.login->password), "<password>");
        case At::mail:
            return say(At::rcpt, fmt::format("RCPT TO:<{}>", question_.to));
        case At::rcpt:
            return conclude(ProbeVerdict::Kind::accepted, reply);
        case At::quit:
            return;
    }
}

void ProbeDialogue::say(At next, const std::string& line, std::string shown) {
    at_ = next;
    output_ += line + "\r\n";
    lines_.push_back({true, shown.empty() ? line : std::move(shown)});
}

void ProbeDialogue::after_greetings() {
    if (question_.login) return log_in();
    say(At::mail, fmt::format("MAIL FROM:<{}>", question_.from));
}

void ProbeDialogue::log_in() {
    if (offers_plain_)
        return say(At::auth_plain, "AUTH PLAIN " + secret_of_plain(),
                   "AUTH PLAIN <user name and password>");
    if (offers_login_) return say(At::auth_login, "AUTH LOGIN");
    verdict_ = {ProbeVerdict::Kind::failed, "AUTH", 0,
                "offers this client neither AUTH PLAIN nor AUTH LOGIN, so nobody can log in"};
    say(At::quit, "QUIT");
}

void ProbeDialogue::conclude(ProbeVerdict::Kind kind, const Reply& reply) {
    verdict_ = {kind, std::string(asked()), reply.code, reply.in_a_line()};
    say(At::quit, "QUIT");
}

void ProbeDialogue::fail(std::string why) {
    verdict_ = {ProbeVerdict::Kind::failed, std::string(asked()), 0, std::move(why)};
    finished_ = true;
}

std::string_view ProbeDialogue::asked() const {
    switch (at_) {
        case At::greeting:
            return "the greeting";
        case At::ehlo:
            return "EHLO";
        case At::helo:
            return "HELO";
        case At::auth_plain:
        case At::auth_login:
        case At::auth_user:
        case At::auth_secret:
            return "AUTH";
        case At::mail:
            return "MAIL FROM";
        case At::rcpt:
            return "RCPT TO";
        case At::quit:
            return "QUIT";
    }
    return "";
}

std::string ProbeDialogue::secret_of_plain() const {
    std::string message;
    message.append(1, '\0').append(question_.login->user);
    message.append(1, '\0').append(question_.login->password);
    return base64_encode(message);
}

}  // namespace smtpblock
