// DATA: the message streams through, and its end is passed on only after the last look at the
// rules.
#include "daemon/smtp/limits.h"
#include "daemon/smtp/session_impl.h"

namespace smtpblock::smtp {

void Session::Impl::data(std::string_view argument) {
    if (!argument.empty()) return refuse("501 5.5.4 Syntax: DATA");
    if (chunks_) return refuse("503 5.5.1 Error: DATA after BDAT");
    const MessageRefusal refusal = message_refusal();
    if (refusal.words.empty())
        send_data(replies_.promise());
    else if (refusal.is_error && !paced_.empty())
        refuse_data(refusal.words);
    else if (refusal.is_error)
        refuse(refusal.words);
    else
        say(refusal.words);
}

/// At DATA and at the first BDAT: why the message is not wanted.
Session::Impl::MessageRefusal Session::Impl::message_refusal() {
    if (!transaction_) return {"503 5.5.1 Error: need RCPT command"};
    Transaction& transaction = *transaction_;
    // Recipients that were lost with the upstream may be tried again: that is no 554.
    if (transaction.refusal.starts_with('4'))
        return {transaction.refusal.substr(0, transaction.refusal.size() - 2), false};
    if (transaction.forwarded == 0 || !transaction.refusal.empty())
        return {std::string(no_valid_recipients)};

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
            return {"554 5.7.1 <DATA>: Data command rejected: Access denied"};
        case Verdict::defer:
            return {"450 4.7.1 <DATA>: Data command rejected: Access denied"};
        case Verdict::trouble:
            return {"451 4.3.0 Error: temporary lookup failure", false};
    }
    return {};
}

/// In the same write as the recipients before it, where the upstream offers PIPELINING.
void Session::Impl::send_data(ReplyQueue::Place place) {
    if (link_.quiet()) upstream_since_ = now_;
    end_rcpt_time();
    link_.send("DATA\r\n", {.due = Due::data, .place = place});
    hold_ = Hold::data_reply;
}

void Session::Impl::on_data_reply(ReplyQueue::Place place, const Reply& reply) {
    hold_ = Hold::nothing;
    client_since_ = now_;
    if (chunks_) return on_data_reply_for_chunks(reply);
    if (reply.code == 354 && transaction_->forwarded == 0) {
        // It has refused them all meanwhile, and nobody would get the message (RFC 2920 3.1).
        refuse(place, no_valid_recipients);
        note("upstream dropped", "it wants a message for no recipient");
        transaction_->mail_sent = false;
        transaction_->number = ++transactions_;
        drop_upstream();
        end_if_login_is_lost();
    } else if (reply.code == 354) {
        mode_ = Mode::message;
        message_.emplace();
        replies_.answer(place, reply.wire);
    } else if (reply.code < 400) {
        lose_upstream("it answered DATA with neither 354 nor a refusal");
        answer(place, unavailable);
    } else if (transaction_->forwarded == 0 && reply.code != 421) {
        // In the words that those get whose recipients have all been refused before DATA.
        const MessageRefusal refusal = message_refusal();
        refusal.is_error ? refuse(place, refusal.words) : answer(place, refusal.words);
    } else {
        relay(place, reply);
    }
}

void Session::Impl::take_message_bytes(std::string_view bytes) {
    if (chunks_) return take_chunk_bytes(bytes);
    Message& message = *message_;
    Output* const output = message.upstream_lost ? nullptr : &link_.output();
    if (link_.output().empty()) upstream_since_ = now_;
    client_since_ = now_;
    bool complete = false;
    std::size_t taken = 0;
    if (normalizes()) {
        const NewlineNormalizer::Scan scan = message.normalizer.scan(bytes, output);
        complete = scan.complete;
        taken = scan.taken;
    } else {
        const DataScanner::Scan scan = message.scanner.scan(bytes);
        complete = scan.complete;
        taken = scan.taken;
        if (output != nullptr) {
            output->append(scan.held);
            output->append(scan.passed);
        }
    }
    if (message.bad_octet() != nullptr && !message.upstream_lost) {
        note("message refused", message.bad_octet());
        message.upstream_lost = true;
        drop_upstream();
    }
    if (!complete) return;
    input_.append(bytes.substr(taken));
    end_message();
}

void Session::Impl::end_message() {
    const Message message = std::move(*message_);
    message_.reset();
    mode_ = Mode::command;

    if (const char* const bad_octet = message.bad_octet()) {
        forget_transaction();
        poisoned_ = true;
        return refuse(fmt::format("550 5.5.2 Error: bare {} received", bad_octet));
    }
    if (message.upstream_lost) {
        forget_transaction();
        say(unavailable);
        return end_if_login_is_lost();
    }

    const std::string refusal = refusal_at_end();
    if (refusal.empty()) {
        if (link_.output().empty()) upstream_since_ = now_;
        link_.send(".\r\n", {.due = Due::end, .place = replies_.promise()});
        hold_ = Hold::end_reply;
        return;
    }
    drop_upstream();
    forget_transaction();
    say_refusal(refusal);
    end_if_login_is_lost();
}

/// Of a message, with its CRLF; but for trouble that is not the client's, it is an error.
void Session::Impl::say_refusal(std::string_view refusal) {
    if (refusal.starts_with("451"))
        replies_.say(refusal);
    else
        replies_.refuse(refusal);
}

/// The last look at the rules: the reply with its CRLF, or nothing when the message may go.
std::string Session::Impl::refusal_at_end() {
    switch (policy_.check(Moment::end, subject())) {
        case Verdict::pass:
            break;
        case Verdict::reject:
            return "554 5.7.1 <END-OF-MESSAGE>: End-of-data rejected: Access denied\r\n";
        case Verdict::defer:
            return "450 4.7.1 <END-OF-MESSAGE>: End-of-data rejected: Access denied\r\n";
        case Verdict::trouble:
            return "451 4.3.0 Error: temporary lookup failure\r\n";
    }
    return {};
}

void Session::Impl::on_end_reply(ReplyQueue::Place place, const Reply& reply) {
    hold_ = Hold::nothing;
    client_since_ = now_;
    if (reply.code / 100 == 3) {
        answer(place, unavailable);
        lose_upstream("it answered the end of a message with a 3xx");
    } else {
        if (reply.positive()) {
            forget_errors();
            policy_.accepted(subject(), reply.text());
        }
        relay(place, reply);
    }
    forget_transaction();
}

}  // namespace smtpblock::smtp
