#include "daemon/smtp/learner.h"

#include <fmt/format.h>

#include <utility>

namespace smtpblock::smtp {

Learner::Learner(std::string hostname, UpstreamTls tls, UpstreamProfile& profile, Duration patience,
                 Instant now)
    : hostname_(std::move(hostname)), tls_(tls), profile_(profile), deadline_(now + patience) {}

void Learner::on_connected() {
    if (awaits_ != Awaits::connection) return;
    awaits_ = tls_ == UpstreamTls::implicit ? Awaits::handshake : Awaits::banner;
}

void Learner::on_tls() {
    if (awaits_ != Awaits::handshake) return;
    if (tls_ == UpstreamTls::implicit)
        awaits_ = Awaits::banner;
    else
        send("EHLO", Awaits::ehlo);
}

void Learner::on_bytes(std::string_view bytes) {
    while (!bytes.empty() && awaits_ != Awaits::nothing && awaits_ != Awaits::handshake) {
        switch (parser_.take(bytes)) {
            case ReplyParser::State::more:
                return;
            case ReplyParser::State::malformed:
                return give_up("a malformed reply");
            case ReplyParser::State::complete:
                on_reply(parser_.reply());
                break;
        }
    }
}

void Learner::on_reply(const Reply& reply) {
    switch (awaits_) {
        case Awaits::banner:
            if (reply.code != 220) return give_up(reply.text());
            host_ = reply.text().substr(0, reply.text().find(' '));
            return send("EHLO", tls_ == UpstreamTls::starttls ? Awaits::clear_ehlo : Awaits::ehlo);
        case Awaits::clear_ehlo:
            if (const auto why = why_no_starttls(reply); !why.empty()) return give_up(why);
            output_.bytes() += "STARTTLS\r\n";
            awaits_ = Awaits::starttls;
            return;
        case Awaits::starttls:
            if (const auto why = why_no_handshake(reply); !why.empty()) return give_up(why);
            awaits_ = Awaits::handshake;  // what stands behind the reply is thrown away
            return;
        case Awaits::ehlo:
            if (reply.code / 100 == 5) return send("HELO", Awaits::helo);
            if (!reply.positive()) return give_up(reply.text());
            return succeed(keywords_of(reply));
        case Awaits::helo:
            if (!reply.positive()) return give_up(reply.text());
            return succeed(parse_keywords({}));
        case Awaits::bye:
        case Awaits::connection:
        case Awaits::handshake:
        case Awaits::nothing:
            awaits_ = Awaits::nothing;
            return;
    }
}

void Learner::send(std::string_view command, Awaits next) {
    output_.bytes() += fmt::format("{} {}\r\n", command, hostname_);
    awaits_ = next;
}

void Learner::succeed(Keywords keywords) {
    profile_.learn(0, host_, keywords);
    learnt_ = true;
    output_.bytes() += "QUIT\r\n";
    awaits_ = Awaits::bye;
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
            return Want::tls_handshake;
        case Awaits::banner:
        case Awaits::clear_ehlo:
        case Awaits::starttls:
        case Awaits::ehlo:
        case Awaits::helo:
        case Awaits::bye:
            return Want::read;
    }
    return Want::close;
}

}  // namespace smtpblock::smtp
