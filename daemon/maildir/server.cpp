#include "daemon/maildir/server.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "common/text.h"
#include "daemon/smtp/limits.h"

namespace smtpblock::maildir {
namespace {

/// What the SIZE keyword promises, and a message may have.
constexpr std::uint64_t message_octets = 104857600;

/// What is gathered of a message before a job writes it.
constexpr std::size_t chunk_octets = 64 * 1024;

constexpr std::string_view disk_trouble = "451 4.3.0 Error: the message could not be stored";

/// What is wrong with a parameter of MAIL, as the reply to it; empty when it is known.
std::string_view flaw_of(std::string_view parameter) {
    if (equal_ignoring_case(parameter, "BODY=7BIT") ||
        equal_ignoring_case(parameter, "BODY=8BITMIME") ||
        starts_with_ignoring_case(parameter, "AUTH="))
        return {};
    if (equal_ignoring_case(parameter, "SMTPUTF8")) return {};
    if (!starts_with_ignoring_case(parameter, "SIZE=")) return "555 5.5.4 Unsupported option";
    const std::string_view digits = parameter.substr(5);
    std::uint64_t octets = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), octets);
    if (error != std::errc() || end != digits.data() + digits.size())
        return "501 5.5.4 Bad message size syntax";
    return octets > message_octets ? "552 5.3.4 Message size exceeds fixed limit" : "";
}

}  // namespace

Server::Server(const ServerOptions& options, std::string client)
    : options_(options), client_(std::move(client)) {
    say(fmt::format("220 {} ESMTP", options_.hostname));
}

void Server::on_bytes(std::string_view bytes) {
    input_.append(bytes);
    work();
}

std::optional<Job> Server::take_job() {
    return std::exchange(job_, std::nullopt);
}

std::string Server::take_trouble() {
    return std::exchange(trouble_, {});
}

void Server::on_job_done(bool answer, smtp::Instant now) {
    const Waits what = *std::exchange(waits_, std::nullopt);
    if (what == Waits::password)
        on_password_job(answer, now);
    else
        on_message_job(what, answer);
    work();
}

void Server::on_time(smtp::Instant now) {
    if (!answer_due_ || now < *answer_due_) return;
    answer_due_.reset();
    waits_.reset();
    say("535 5.7.8 Error: authentication failed: (reason unavailable)");
    work();
}

void Server::work() {
    while (takes_bytes()) {
        if (mode_ == Mode::message) {
            if (input_.empty()) return;
            take_message();
            continue;
        }
        switch (input_.next(smtp::limits::auth_line_octets)) {
            case smtp::LineBuffer::State::more:
                return;
            case smtp::LineBuffer::State::line:
                if (mode_ == Mode::command)
                    perform(input_.line());
                else
                    auth_response(input_.line());
                input_.forget_line();
                break;
            case smtp::LineBuffer::State::bad_octet:
            case smtp::LineBuffer::State::too_long:
                mode_ = Mode::command;
                say("500 5.5.2 Error: bad syntax");
                break;
            case smtp::LineBuffer::State::flood:
                say("421 4.7.0 Error: line too long");
                closed_ = true;
                break;
        }
    }
}

void Server::perform(std::string_view line) {
    const auto command = smtp::Command::parse(line);
    switch (command.verb) {
        case smtp::Verb::ehlo:
        case smtp::Verb::helo:
            forget_transaction();
            greeted_as_ = command.argument;
            extended_ = command.verb == smtp::Verb::ehlo;
            if (!extended_) return say(fmt::format("250 {}", options_.hostname));
            return say(
                fmt::format("250-{}\r\n250-PIPELINING\r\n250-SIZE {}\r\n250-AUTH PLAIN "
                            "LOGIN\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 SMTPUTF8",
                            options_.hostname, message_octets));
        case smtp::Verb::mail:
            return mail(command.argument);
        case smtp::Verb::rcpt:
            return rcpt(command.argument);
        case smtp::Verb::data:
            return data();
        case smtp::Verb::auth:
            return auth(command.argument);
        case smtp::Verb::rset:
            forget_transaction();
            return say("250 2.0.0 Ok");
        case smtp::Verb::noop:
            return say("250 2.0.0 Ok");
        case smtp::Verb::vrfy:
            return say("252 2.0.0 Cannot verify, but will take mail");
        case smtp::Verb::quit:
            say("221 2.0.0 Bye");
            closed_ = true;
            return;
        case smtp::Verb::bdat:
        case smtp::Verb::starttls:
        case smtp::Verb::not_implemented:
        case smtp::Verb::not_smtp:
        case smtp::Verb::xclient:
        case smtp::Verb::unknown:
            return say("502 5.5.2 Error: command not recognized");
    }
}

void Server::mail(std::string_view argument) {
    if (sender_) return say("503 5.5.1 Error: nested MAIL command");
    const auto parsed = smtp::PathArgument::parse(argument, "FROM:");
    if (parsed.fault != smtp::PathArgument::Fault::none)
        return say("501 5.1.7 Bad sender address syntax");
    for (const std::string_view parameter : parsed.parameters)
        if (const auto flaw = flaw_of(parameter); !flaw.empty()) return say(flaw);
    sender_ = parsed.path.mailbox;
    say("250 2.1.0 Ok");
}

void Server::rcpt(std::string_view argument) {
    if (!sender_) return say("503 5.5.1 Error: need MAIL command");
    const auto parsed = smtp::PathArgument::parse(argument, "TO:");
    if (parsed.fault != smtp::PathArgument::Fault::none || parsed.path.null())
        return say("501 5.1.3 Bad recipient address syntax");
    if (!parsed.parameters.empty()) return say("555 5.5.4 Unsupported option");
    if (options_.needs_auth && !authenticated_)
        return say(fmt::format("554 5.7.1 <{}>: Relay access denied", parsed.path.mailbox));
    if (recipients_.size() >= options_.recipients)
        return say("452 4.5.3 Error: too many recipients");
    recipients_.push_back(parsed.path.mailbox);
    say("250 2.1.5 Ok");
}

void Server::data() {
    if (!sender_) return say("503 5.5.1 Error: need RCPT command");
    if (recipients_.empty()) return say("554 5.5.1 Error: no valid recipients");
    delivery_ = std::make_shared<Delivery>(options_.directory, options_.hostname);
    start(Waits::begin, [delivery = delivery_] { return delivery->begin(); });
}

void Server::take_message() {
    const auto scan = scanner_.scan(input_.rest());
    octets_ += scan.held.size() + scan.passed.size();
    const bool wanted = !disk_failed_ && octets_ <= message_octets && !scanner_.bad_octet();
    if (wanted) {
        unstuffer_.append(scan.held, chunk_);
        unstuffer_.append(scan.passed, chunk_);
    }
    input_.take(scan.taken);  // only now: scan.passed lies in it
    const bool complete = scan.complete;
    if (!wanted && complete) {
        const bool too_large = octets_ > message_octets;
        forget_transaction();
        return say(disk_failed_ ? disk_trouble
                   : too_large  ? "552 5.3.4 Error: message too large"
                                : "550 5.5.2 Error: bare CR, bare LF or NUL in the message");
    }
    if (!wanted || (!complete && chunk_.size() < chunk_octets)) return;
    auto text = std::make_shared<const std::string>(std::exchange(chunk_, {}));
    if (complete)
        start(Waits::commit, [delivery = delivery_, text] {
            return delivery->append(*text) && delivery->commit();
        });
    else
        start(Waits::append, [delivery = delivery_, text] { return delivery->append(*text); });
}

void Server::on_message_job(Waits what, bool answer) {
    if (what == Waits::commit) {
        const std::string id = delivery_->id();
        if (!answer) trouble_ = delivery_->why();
        forget_transaction();
        return answer ? say(fmt::format("250 2.0.0 Ok: queued as {}", id)) : say(disk_trouble);
    }
    if (what == Waits::append) {
        disk_failed_ = !answer;
        if (!answer) trouble_ = delivery_->why();
        return;
    }
    if (!answer) {
        trouble_ = delivery_->why();
        forget_transaction();
        return say(disk_trouble);
    }
    Trace trace;
    trace.sender = *sender_;
    trace.recipients = recipients_;
    trace.greeted_as = greeted_as_;
    trace.client = client_;
    trace.host = options_.hostname;
    trace.protocol = authenticated_ ? "ESMTPA" : extended_ ? "ESMTP" : "SMTP";
    trace.id = delivery_->id();
    chunk_ = trace.text(delivery_->started());
    mode_ = Mode::message;
    say("354 End data with <CR><LF>.<CR><LF>");
}

void Server::say(std::string_view reply) {
    output_.bytes() += reply;
    output_.bytes() += "\r\n";
}

void Server::start(Waits what, Job job) {
    waits_ = what;
    job_ = std::move(job);
}

void Server::forget_transaction() {
    mode_ = Mode::command;
    sender_.reset();
    recipients_.clear();
    delivery_.reset();
    scanner_ = {};
    unstuffer_ = {};
    std::string().swap(chunk_);
    octets_ = 0;
    disk_failed_ = false;
}

}  // namespace smtpblock::maildir
