// DATA: the message streams through, and its end is passed on only after the last look at the
// rules.
#include "daemon/smtp/limits.h"
#include "daemon/smtp/session_impl.h"

namespace smtpblock::smtp {

void Session::Impl::data(std::string_view argument) {
    if (!argument.empty()) return refuse("501 5.5.4 Syntax: DATA");
    if (!transaction_) return refuse("503 5.5.1 Error: need RCPT command");
    Transaction& transaction = *transaction_;
    // Recipients that were lost with the upstream may be tried again: that is no 554.
    if (transaction.refusal.starts_with('4')) return replies_.say(transaction.refusal);
    if (transaction.forwarded == 0 || !transaction.refusal.empty())
        return refuse("554 5.5.1 Error: no valid recipients");

    const Verdict verdict = policy_.check(Moment::data, subject());
    if (verdict != Verdict::pass) {
        // The upstream forgets the recipients, so they are forgotten here too.
        copy_upstream("RSET\r\n");
        transaction.mail_sent = false;
        transaction.forwarded = 0;
        transaction.number = ++transactions_;
    }
    switch (verdict) {
        case Verdict::pass:
            break;
        case Verdict::reject:
            return refuse("554 5.7.1 <DATA>: Data command rejected: Access denied");
        case Verdict::defer:
            return refuse("450 4.7.1 <DATA>: Data command rejected: Access denied");
        case Verdict::trouble:
            return say("451 4.3.0 Error: temporary lookup failure");
    }
    if (link_.quiet()) upstream_since_ = now_;
    link_.send("DATA\r\n", {.due = Due::data, .place = replies_.promise()});
    hold_ = Hold::data_reply;
}

void Session::Impl::on_data_reply(ReplyQueue::Place place, const Reply& reply) {
    hold_ = Hold::nothing;
    client_since_ = now_;
    if (reply.code == 354) {
        mode_ = Mode::message;
        message_.emplace();
        replies_.answer(place, reply.wire);
    } else if (reply.code < 400) {
        lose_upstream("it answered DATA with neither 354 nor a refusal");
        answer(place, "451 4.3.0 Error: mail server temporarily unavailable");
    } else {
        relay(place, reply);
    }
}

void Session::Impl::take_message_bytes(std::string_view bytes) {
    Message& message = *message_;
    Output& output = link_.output();
    if (output.empty()) upstream_since_ = now_;
    const DataScanner::Scan scan = message.scanner.scan(bytes);
    client_since_ = now_;
    if (!message.upstream_lost) {
        output.append(scan.held);
        output.append(scan.passed);
    }
    if (message.scanner.bad_octet() != nullptr && !message.upstream_lost) {
        note("message refused", message.scanner.bad_octet());
        message.upstream_lost = true;
        drop_upstream();
    }
    if (!scan.complete) return;
    input_.append(bytes.substr(scan.taken));
    end_message();
}

void Session::Impl::end_message() {
    const Message message = std::move(*message_);
    message_.reset();
    mode_ = Mode::command;
    // A login went with the connection that it was made on.
    const auto end_if_login_is_lost = [this] {
        if (authenticated_) end_with("421 4.3.0", "Error: connection to the mail server lost");
    };

    if (const char* const bad_octet = message.scanner.bad_octet()) {
        forget_transaction();
        poisoned_ = true;
        return refuse(fmt::format("550 5.5.2 Error: bare {} received", bad_octet));
    }
    if (message.upstream_lost) {
        forget_transaction();
        say("451 4.3.0 Error: mail server temporarily unavailable");
        return end_if_login_is_lost();
    }

    const Verdict verdict = policy_.check(Moment::end, subject());
    if (verdict == Verdict::pass) {
        if (link_.output().empty()) upstream_since_ = now_;
        link_.send(".\r\n", {.due = Due::end, .place = replies_.promise()});
        hold_ = Hold::end_reply;
        return;
    }
    drop_upstream();
    forget_transaction();
    if (verdict == Verdict::reject)
        refuse("554 5.7.1 <END-OF-MESSAGE>: End-of-data rejected: Access denied");
    else if (verdict == Verdict::defer)
        refuse("450 4.7.1 <END-OF-MESSAGE>: End-of-data rejected: Access denied");
    else
        say("451 4.3.0 Error: temporary lookup failure");
    end_if_login_is_lost();
}

void Session::Impl::on_end_reply(ReplyQueue::Place place, const Reply& reply) {
    hold_ = Hold::nothing;
    client_since_ = now_;
    if (reply.code / 100 == 3) {
        answer(place, "451 4.3.0 Error: mail server temporarily unavailable");
        lose_upstream("it answered the end of a message with a 3xx");
    } else {
        if (reply.positive()) {
            errors_ = 0;
            policy_.accepted(subject(), reply.text());
        }
        relay(place, reply);
    }
    forget_transaction();
}

}  // namespace smtpblock::smtp
