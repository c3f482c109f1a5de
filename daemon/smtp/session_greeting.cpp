// EHLO, HELO, and the commands for which nobody needs to be asked.
#include <algorithm>

#include "common/text.h"
#include "daemon/smtp/limits.h"
#include "daemon/smtp/session_impl.h"

namespace smtpblock::smtp {
namespace {

std::string_view first_word(std::string_view text) {
    return text.substr(0, text.find_first_of(" \t"));
}

}  // namespace

void Session::Impl::helo(std::string_view argument) {
    const std::string_view name = first_word(argument);
    if (!add_name(name)) return;
    if (name.empty()) return refuse("501 5.5.4 Syntax: HELO hostname");
    take_greeting("HELO", name);
    say(fmt::format("250 {}", host()));
    end_if_login_is_lost();
}

void Session::Impl::ehlo(std::string_view argument) {
    const std::string_view name = first_word(argument);
    if (!add_name(name)) return;
    if (name.empty()) return refuse("501 5.5.4 Syntax: EHLO hostname");
    take_greeting("EHLO", name);

    const Keywords& keywords = offered_;
    std::vector<std::string> lines{std::string(host()), "PIPELINING"};
    if (keywords.size)
        lines.push_back(*keywords.size == 0 ? "SIZE" : fmt::format("SIZE {}", *keywords.size));
    if (client_.may_xclient) lines.push_back(fmt::format("XCLIENT {}", xclient_attributes));
    if (options_.starttls != StartTls::off && client_tls_ == ClientTls::none)
        lines.emplace_back("STARTTLS");
    if (auth_offered()) {
        std::string auth = "AUTH";
        for (const Mechanism mechanism : mechanisms)
            if (keywords.mechanisms.has(mechanism)) auth += fmt::format(" {}", word(mechanism));
        lines.push_back(std::move(auth));
    }
    if (keywords.enhanced_status_codes) lines.emplace_back("ENHANCEDSTATUSCODES");
    if (keywords.eight_bit_mime) lines.emplace_back("8BITMIME");
    if (keywords.dsn) lines.emplace_back("DSN");
    if (keywords.smtputf8) lines.emplace_back("SMTPUTF8");
    if (keywords.chunking) lines.emplace_back("CHUNKING");

    std::string reply;
    for (const std::string& line : lines)
        reply += fmt::format("250{}{}\r\n", &line == &lines.back() ? ' ' : '-', line);
    replies_.say(reply);
    end_if_login_is_lost();
}

/// Every name of a connection counts, not the last alone. False when the session ends by it, or
/// when the name cannot be one.
bool Session::Impl::add_name(std::string_view argument) {
    if (!is_utf8(argument)) {
        refuse("501 5.5.4 Error: the host name is not valid UTF-8");
        return false;
    }
    EhloName name = EhloName::parse(argument);
    if (std::find(names_.begin(), names_.end(), name) != names_.end()) return true;
    if (names_.size() == limits::ehlo_names) {
        end_with("421 4.7.0", "Error: too many different host names");
        return false;
    }
    names_.push_back(std::move(name));
    return true;
}

void Session::Impl::take_greeting(std::string_view verb, std::string_view name) {
    hello_ = fmt::format("{} {}\r\n", verb, name);
    offered_ = profile_.keywords;
    abandon_chunks();
    forget_transaction();
    imitate_command();
    if (link_.ready()) greet_upstream();
}

void Session::Impl::rset(std::string_view argument) {
    if (!argument.empty()) return refuse("501 5.5.4 Syntax: RSET");
    abandon_chunks();
    forget_transaction();
    copy_upstream("RSET\r\n");
    say("250 2.0.0 Ok");
    end_if_login_is_lost();
}

void Session::Impl::noop() {
    copy_upstream("NOOP\r\n");
    say("250 2.0.0 Ok");
}

void Session::Impl::quit(std::string_view argument) {
    if (!argument.empty()) return refuse("501 5.5.4 Syntax: QUIT");
    said_quit_ = true;
    say("221 2.0.0 Bye");
    end();
}

void Session::Impl::vrfy(std::string_view argument) {
    if (argument.empty()) return refuse("501 5.5.4 Syntax: VRFY address");
    if (std::any_of(argument.begin(), argument.end(), is_eight_bit))
        return refuse("501 5.1.3 Bad recipient address syntax");
    say(fmt::format("252 2.0.0 {}", argument));
}

/// RFC 3207 4. What the client has sent ahead of the handshake is nobody's command: whoever stands
/// in between could have put it there.
void Session::Impl::starttls(std::string_view argument) {
    if (!argument.empty()) return refuse("501 5.5.4 Syntax: STARTTLS");
    if (client_tls_ == ClientTls::active) return refuse("554 5.5.1 Error: TLS already active");
    if (options_.starttls == StartTls::off) return refuse(not_implemented);
    say("220 2.0.0 Ready to start TLS");
    client_tls_ = ClientTls::due;
    input_.clear();
}

/// RFC 3207 4: with `required`, few commands go before it.
bool Session::Impl::must_start_tls(Verb verb) const {
    if (options_.starttls != StartTls::required || client_tls_ == ClientTls::active) return false;
    return verb == Verb::mail || verb == Verb::rcpt || verb == Verb::data || verb == Verb::rset ||
           verb == Verb::vrfy || verb == Verb::auth || verb == Verb::bdat;
}

/// A new dialogue, with the client's names and errors kept. What he said or was in clear text does
/// not count (RFC 3207 4.2): a login and a transaction go, with the upstream that knows of them.
void Session::Impl::on_client_tls() {
    client_tls_ = ClientTls::active;
    if (options_.implicit_tls) return greet_client();
    hello_.clear();
    forget_transaction();
    authenticated_ = false;
    users_.clear();
    drop_upstream();
    imitated_ = {};
}

void Session::Impl::copy_upstream(std::string_view command) {
    imitate_command();
    if (!link_.ready() || (chunks_ && chunks_->as_data)) return;
    if (link_.quiet()) upstream_since_ = now_;
    end_rcpt_time();
    link_.send(command, {.due = Due::dropped});
}

}  // namespace smtpblock::smtp
