// What the upstream's replies mean, and what becomes of the session when the upstream is not there.
#include <utility>

#include "daemon/smtp/session_impl.h"

namespace smtpblock::smtp {
namespace {

std::string_view first_word(std::string_view text) {
    return text.substr(0, text.find(' '));
}

}  // namespace

/// Keeps a command until the upstream takes commands, and asks for it.
void Session::Impl::hold(Verb verb, std::string_view argument) {
    held_ = HeldCommand{verb, Secret(argument)};
    hold_ = Hold::connection;
    if (link_.state() != UpstreamLink::State::none) return;
    upstream_since_ = now_;
    link_.connect();
}

void Session::Impl::release_held() {
    if (!held_) return;
    const HeldCommand command = *std::exchange(held_, std::nullopt);
    hold_ = Hold::nothing;
    client_since_ = now_;
    if (command.verb == Verb::rcpt)
        forward_rcpt(PathArgument::parse(command.argument.view(), "TO:"));
    else
        auth(command.argument.view());
}

/// `refusal` with its CRLF: what the held recipient and all later ones of the transaction get.
void Session::Impl::fail_held(std::string_view refusal) {
    if (!held_) return;
    const HeldCommand command = *std::exchange(held_, std::nullopt);
    hold_ = Hold::nothing;
    client_since_ = now_;
    if (command.verb != Verb::rcpt) return say(unavailable_for_auth);
    replies_.say(refusal);
    transaction_->refusal = refusal;
}

void Session::Impl::take_upstream_bytes(std::string_view bytes) {
    while (!bytes.empty() && link_.talking()) {
        const auto state = link_.take(bytes);
        if (state == ReplyParser::State::more) return;
        if (state == ReplyParser::State::malformed) return lose_upstream("malformed reply");
        const Reply reply = link_.reply();
        const auto expected = link_.settle();
        upstream_.hung_up = upstream_.hung_up || reply.code == 421;
        // An answer before its question (the end of a message, above all) answers nothing.
        if (!expected) return lose_upstream("a reply to nothing: " + std::string(reply.text()));
        on_reply(*expected, reply);
        if (reply.code >= 400 && link_.connected()) ++upstream_.errors;
    }
}

void Session::Impl::on_reply(const Expected& expected, const Reply& reply) {
    const bool is_current = transaction_ && transaction_->number == expected.transaction;
    const bool asks_for_more = reply.code / 100 == 3;
    upstream_.spent = upstream_.spent || reply.code >= 400 || expected.due == Due::auth;
    if (expected.due == Due::rcpt) note_rcpt_time(reply);
    switch (expected.due) {
        case Due::banner:
            return on_banner(reply);
        case Due::clear_hello:
            return on_clear_hello(reply);
        case Due::starttls:
            return on_starttls(reply);
        case Due::introduction_hello:
            return on_introduction_hello(reply);
        case Due::xclient:
            return on_xclient(reply);
        case Due::hello:
            return on_hello(reply);
        case Due::mail:
            if (reply.positive()) return;
            if (asks_for_more) return lose_upstream("it answered MAIL with a 3xx");
            refused_transaction_ = expected.transaction;
            mail_refusal_ = reply.wire;
            if (is_current) transaction_->refusal = reply.wire;
            return;
        case Due::rcpt:
            if (!reply.positive() && is_current) --transaction_->forwarded;
            if (asks_for_more) {
                answer(expected.place, unavailable);
                return lose_upstream("it answered RCPT with a 3xx");
            }
            if (expected.transaction == refused_transaction_)
                return answer_mail_refused(expected.place);
            return relay(expected.place, reply);
        case Due::data:
            return on_data_reply(expected.place, reply);
        case Due::chunk:
            return on_chunk_reply(expected, reply);
        case Due::end:
            return on_end_reply(expected.place, reply);
        case Due::auth:
            return on_auth_reply(expected.place, reply);
        case Due::dropped:
            if (reply.code == 421) lose_upstream("421");
            if (asks_for_more) lose_upstream("a 3xx to who asked for nothing");
            return;
        case Due::quit:
            return drop_upstream();
    }
}

void Session::Impl::on_banner(const Reply& reply) {
    if (reply.code != 220) return refuse_upstream(reply);
    upstream_.host = first_word(reply.text());
    profile_.learn(upstream_.place, upstream_.host);
    if (wants_starttls()) {
        upstream_since_ = now_;
        return link_.send(extended_hello(), {.due = Due::clear_hello});
    }
    greet_upstream();
    if (link_.ready()) release_held();
}

/// To learn what the upstream offers: the client's own, if it is one.
std::string Session::Impl::extended_hello() const {
    return hello_.starts_with("EHLO") ? hello_ : fmt::format("EHLO {}\r\n", options_.hostname);
}

/// Without TLS nothing goes to an upstream from which it is required, whoever took STARTTLS out of
/// its reply.
void Session::Impl::on_clear_hello(const Reply& reply) {
    if (const auto why = why_no_starttls(reply); !why.empty()) return lose_upstream(why);
    upstream_since_ = now_;
    link_.send("STARTTLS\r\n", {.due = Due::starttls});
}

void Session::Impl::on_starttls(const Reply& reply) {
    if (const auto why = why_no_handshake(reply); !why.empty()) return lose_upstream(why);
    upstream_since_ = now_;
    link_.secure();
}

void Session::Impl::greet_upstream() {
    if (options_.client_address == ClientAddress::xclient && !upstream_.introduced)
        return introduce_client();
    upstream_since_ = now_;
    sent_hello_ = hello_;
    link_.greet(hello_);
}

void Session::Impl::on_hello(const Reply& reply) {
    // What an upstream says to an idle connection when it has had enough of it is no refusal.
    if (!reply.positive() && upstream_.reused) return lose_upstream(reply.text());
    if (options_.client_address == ClientAddress::proxy)
        if (const auto why = why_no_proxy(reply); !why.empty()) return lose_upstream(why);
    if (!reply.positive()) return refuse_upstream(reply);
    const bool extended = hello_.starts_with("EHLO");
    upstream_.reused = false;
    if (extended) profile_.learn(upstream_.place, upstream_.host, keywords_of(reply));
    Keywords keywords = profile_.keywords_of(upstream_.place);
    keywords.pipelining = keywords.pipelining && extended;  // which HELO offers to nobody
    link_.on_greeted(std::move(keywords));
    if (hello_ == sent_hello_)
        release_held();
    else
        greet_upstream();
}

/// It refused the connection or the greeting: its words are the reply to the recipient.
void Session::Impl::refuse_upstream(const Reply& reply) {
    if (upstream_.reused) return lose_upstream(reply.text());
    const bool is_refusal = reply.code >= 400;
    note("upstream refuses", reply.text());
    fail_held(is_refusal ? reply.wire : fmt::format("{}\r\n", unavailable));
    if (reply.code == 421) end();
    drop_upstream();
    end_if_login_is_lost();
}

void Session::Impl::lose_upstream(std::string_view why) {
    const bool was_wanted = link_.connected() || link_.state() == UpstreamLink::State::connecting;
    if (!was_wanted) return;
    if (!client_gone_) note("upstream lost", why);
    const bool died_while_idle = upstream_.reused && link_.connected();
    const auto never = link_.close();
    forget_imitated();
    // That says nothing of its server: another connection is made, and what becomes of it counts.
    if (died_while_idle) return;
    refuse_lost_chunks();
    for (const Expected& expected : never) answer_for_lost(expected);
    fail_held(fmt::format("{}\r\n", unavailable));
    // One that has had enough errors would have refused this login first.
    if (!upstream_.hung_up) give_up_local_failure();
    if (message_) message_->upstream_lost = true;
    lose_recipients();
    // A message is read to its end first.
    if (!message_ && !chunks_) end_if_login_is_lost();
}

/// MAIL was refused: its refusal is the reply to each recipient, and a 421 the last.
void Session::Impl::answer_mail_refused(ReplyQueue::Place place) {
    tell(place, mail_refusal_);
    if (!mail_refusal_.starts_with("421")) return;
    drop_upstream();
    end();
}

void Session::Impl::answer_for_lost(const Expected& expected) {
    switch (expected.due) {
        case Due::banner:
        case Due::clear_hello:
        case Due::starttls:
        case Due::introduction_hello:
        case Due::xclient:
        case Due::hello:
        case Due::mail:
        case Due::dropped:
        case Due::quit:
            return;
        case Due::rcpt:
            if (expected.transaction != refused_transaction_)
                return answer(expected.place, unavailable);
            return answer_mail_refused(expected.place);
        case Due::data:
            hold_ = Hold::nothing;
            return chunks_ ? read_chunk() : answer(expected.place, unavailable);
        case Due::chunk:
            return settle_piece(expected.transaction, fmt::format("{}\r\n", unavailable));
        case Due::end:
            // It may have been delivered (RFC 1047): neither yes nor a final no can be said.
            hold_ = Hold::nothing;
            forget_transaction();
            answer(expected.place, "451 4.4.2 Error: connection to the mail server lost");
            return end();
        case Due::auth:
            hold_ = Hold::nothing;
            auth_.reset();
            return answer(expected.place, unavailable_for_auth);
    }
}

void Session::Impl::drop_upstream() {
    if (!link_.connected() && link_.state() != UpstreamLink::State::connecting) return;
    const auto never = link_.close();
    forget_imitated();
    refuse_lost_chunks();
    for (const Expected& expected : never) answer_for_lost(expected);
    lose_recipients();
}

/// With the upstream. One that took none, and has ended the session for the errors in it, is no
/// reason to tell more than its refusals did: the next recipient makes another connection.
void Session::Impl::lose_recipients() {
    if (!transaction_ || !transaction_->mail_sent || !transaction_->refusal.empty()) return;
    if (transaction_->forwarded == 0) {
        transaction_->mail_sent = false;
        transaction_->number = ++transactions_;
    } else {
        transaction_->refusal = fmt::format("{}\r\n", unavailable);
    }
}

bool Session::Impl::may_reuse() const {
    return !hello_.empty() && options_.client_address != ClientAddress::proxy && !upstream_.reused;
}

void Session::Impl::on_reused(const KeptUpstream& kept, Instant now) {
    begin(now);
    if (link_.state() != UpstreamLink::State::connecting) return;
    upstream_ = {};
    upstream_.place = kept.upstream;
    upstream_.made = kept.since;
    upstream_.transactions = kept.transactions;
    upstream_.reused = true;
    upstream_.host = kept.host;
    link_.on_reused(kept.secured, kept.keywords);
    greet_upstream();
    work();
}

/// Its next user begins with a greeting, so that a transaction left open there does not matter, but
/// for a message of which it has got a part.
bool Session::Impl::may_keep_upstream() const {
    return link_.ready() && link_.quiet() && link_.output().empty() && !upstream_.spent &&
           !message_ && !chunks_ && options_.client_address != ClientAddress::proxy &&
           !sent_hello_.empty() && upstream_.transactions < most_kept_transactions &&
           now_ - upstream_.made < oldest_kept;
}

KeptUpstream Session::Impl::kept() const {
    return {.upstream = upstream_.place,
            .since = upstream_.made,
            .transactions = upstream_.transactions,
            .secured = link_.secured(),
            .keywords = link_.keywords(),
            .host = upstream_.host};
}

void Session::Impl::on_kept(bool taken, Instant now) {
    begin(now);
    if (link_.state() != UpstreamLink::State::left) return;
    if (taken) return link_.on_closed();
    link_.stay();
    part_from_upstream();
}

void Session::Impl::note(std::string_view event, std::string_view detail) const {
    policy_.note(subject(), event, detail);
}

}  // namespace smtpblock::smtp
