#include "daemon/smtp/learner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "daemon/smtp/proxy_header.h"
#include "daemon/smtp/xclient.h"

namespace smtpblock::smtp {
namespace {

// RFC 5737: nobody's addresses, RFC 6761 6.4: nobody's domain.
constexpr std::string_view stranger = "192.0.2.1";
constexpr std::string_view elsewhere = "192.0.2.25";
constexpr std::uint16_t stranger_port = 40025;
constexpr std::string_view mailbox_local = "relay-test";
constexpr std::string_view mailbox_domain = "smtpblock.invalid";
constexpr std::string_view blank = "{rcpt}";

Endpoint endpoint(std::string_view address, std::uint16_t port) {
    return {*IpAddress::parse(address), port};
}

std::size_t find_ignoring_case(std::string_view text, std::string_view part, std::size_t from = 0) {
    for (std::size_t at = from; at + part.size() <= text.size(); ++at)
        if (equal_ignoring_case(text.substr(at, part.size()), part)) return at;
    return std::string_view::npos;
}

/// Without a way to tell another one the upstream sees our own, and may say so.
bool holds_address(std::string_view text) {
    constexpr std::string_view of_addresses = "0123456789abcdefABCDEF.:";
    for (auto begin = text.find_first_of(of_addresses); begin != std::string_view::npos;) {
        const auto end = std::min(text.find_first_not_of(of_addresses, begin), text.size());
        if (IpAddress::parse(text.substr(begin, end - begin))) return true;
        begin = text.find_first_of(of_addresses, end);
    }
    return false;
}

}  // namespace

Learner::Learner(LearnerOptions options, Instant now)
    : options_(std::move(options)), began_(now), deadline_(now + options_.patience) {}

void Learner::on_connected() {
    if (awaits_ != Awaits::connection) return;
    if (options_.client_address == ClientAddress::proxy)
        output_.append(
            options_.ask_for_recipient
                ? proxy_header_for(endpoint(stranger, stranger_port), endpoint(elsewhere, 25))
                : local_proxy_header());
    awaits_ = options_.tls == UpstreamTls::implicit ? Awaits::handshake : Awaits::banner;
}

void Learner::on_tls() {
    if (awaits_ != Awaits::handshake) return;
    if (options_.tls == UpstreamTls::implicit)
        awaits_ = Awaits::banner;
    else
        greet();
}

void Learner::on_bytes(std::string_view bytes, Instant now) {
    while (!bytes.empty() && awaits_ != Awaits::nothing && awaits_ != Awaits::handshake) {
        switch (parser_.take(bytes)) {
            case ReplyParser::State::more:
                return;
            case ReplyParser::State::malformed:
                return give_up("a malformed reply");
            case ReplyParser::State::complete:
                on_reply(parser_.reply(), now);
                break;
        }
    }
}

void Learner::on_reply(const Reply& reply, Instant now) {
    const std::string ehlo = fmt::format("EHLO {}", options_.hostname);
    switch (awaits_) {
        case Awaits::banner:
            if (reply.code != 220) return give_up(reply.text());
            host_ = reply.text().substr(0, reply.text().find(' '));
            if (options_.tls == UpstreamTls::starttls) return say(ehlo, Awaits::clear_ehlo);
            return greet();
        case Awaits::clear_ehlo:
            if (const auto why = why_no_starttls(reply); !why.empty()) return give_up(why);
            return say("STARTTLS", Awaits::starttls);
        case Awaits::starttls:
            if (const auto why = why_no_handshake(reply); !why.empty()) return give_up(why);
            awaits_ = Awaits::handshake;  // what stands behind the reply is thrown away
            return;
        case Awaits::introduction_ehlo: {
            if (!reply.positive()) return give_up(reply.text());
            if (const auto why = why_no_xclient(reply); !why.empty()) return give_up(why);
            XclientIdentity identity;
            identity.addr = IpAddress::parse(stranger);
            identity.port = stranger_port;
            identity.helo = options_.hostname;
            for (const std::string& command : xclient_commands(identity)) output_.append(command);
            awaits_ = Awaits::xclient;
            return;
        }
        case Awaits::xclient:
            if (reply.code != 220)
                return give_up(fmt::format("it refuses XCLIENT: {}", reply.text()));
            introduced_ = true;
            return greet();
        case Awaits::ehlo:
            if (reply.code / 100 == 5 && options_.client_address == ClientAddress::none)
                return say(fmt::format("HELO {}", options_.hostname), Awaits::helo);
            if (options_.client_address == ClientAddress::proxy)
                if (const auto why = why_no_proxy(reply); !why.empty()) return give_up(why);
            if (!reply.positive()) return give_up(reply.text());
            return succeed(keywords_of(reply), now);
        case Awaits::helo:
            if (!reply.positive()) return give_up(reply.text());
            return succeed(parse_keywords({}), now);
        case Awaits::mail:
            if (!reply.positive()) return say("QUIT", Awaits::bye);
            return say(fmt::format("RCPT TO:<{}@{}>", mailbox_local, mailbox_domain), Awaits::rcpt);
        case Awaits::rcpt:
            learnt_->recipient_code = reply.code;
            learnt_->rcpt_refusal = refusal_in(reply);
            if (reply.code / 100 == 5)
                learnt_->refusals = {
                    {.needs = RcptNeeds::connection, .took = now - began_},
                    {.needs = RcptNeeds::mail, .took = now - asked_},
                };
            return say("QUIT", Awaits::bye);
        case Awaits::bye:
        case Awaits::connection:
        case Awaits::handshake:
        case Awaits::nothing:
            awaits_ = Awaits::nothing;
            return;
    }
}

void Learner::greet() {
    const bool introduces = options_.client_address == ClientAddress::xclient && !introduced_;
    say(fmt::format("EHLO {}", options_.hostname),
        introduces ? Awaits::introduction_ehlo : Awaits::ehlo);
}

void Learner::say(std::string_view command, Awaits next) {
    output_.append(fmt::format("{}\r\n", command));
    awaits_ = next;
}

void Learner::succeed(Keywords keywords, Instant now) {
    learnt_ = Learnt{host_, keywords, 0, {}, {}};
    asked_ = now;
    if (options_.ask_for_recipient)
        say("MAIL FROM:<>", Awaits::mail);
    else
        say("QUIT", Awaits::bye);
}

/// Only what says nothing of who asked may be said to another one.
std::string Learner::refusal_in(const Reply& reply) const {
    if (reply.code / 100 != 5) return {};
    const std::string mailbox = fmt::format("{}@{}", mailbox_local, mailbox_domain);
    std::string text = reply.wire.substr(0, reply.wire.size() - 2);
    for (auto at = find_ignoring_case(text, mailbox); at != std::string::npos;
         at = find_ignoring_case(text, mailbox, at + blank.size()))
        text.replace(at, mailbox.size(), blank);
    for (const std::string_view asked :
         {mailbox_local, mailbox_domain, std::string_view(options_.hostname), stranger, elsewhere})
        if (find_ignoring_case(text, asked) != std::string::npos) return {};
    return holds_address(text) ? std::string() : text;
}

void Learner::on_closed(std::string_view why) {
    give_up(why.empty() ? "closed by the upstream" : why);
}

void Learner::on_time(Instant now) {
    if (now >= deadline_) give_up("timeout");
}

void Learner::give_up(std::string_view why) {
    if (!learnt_ && why_.empty()) why_ = why;
    awaits_ = Awaits::nothing;
}

Want Learner::want() const {
    switch (awaits_) {
        case Awaits::connection:
            return Want::connect;
        case Awaits::nothing:
            return Want::close;
        case Awaits::handshake:
            return output_.empty() ? Want::tls_handshake : Want::nothing;
        case Awaits::banner:
        case Awaits::clear_ehlo:
        case Awaits::starttls:
        case Awaits::introduction_ehlo:
        case Awaits::xclient:
        case Awaits::ehlo:
        case Awaits::helo:
        case Awaits::mail:
        case Awaits::rcpt:
        case Awaits::bye:
            return Want::read;
    }
    return Want::close;
}

}  // namespace smtpblock::smtp
