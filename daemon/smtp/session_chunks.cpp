// BDAT (RFC 3030): the message streams through in chunks of our own. The upstream gets the last one
// only after all before it were taken and after the last look at the rules; until then it has
// nothing that it could deliver. Where bare line ends are normalized it gets the message by DATA.
#include <algorithm>

#include "daemon/smtp/limits.h"
#include "daemon/smtp/session_impl.h"

namespace smtpblock::smtp {

void Session::Impl::bdat(std::string_view argument) {
    if (!offered_.chunking) return end_with("421 4.7.0", "Error: CHUNKING is not offered");
    const auto chunk = ChunkArgument::parse(argument);
    // Where the chunk ends is nobody's knowledge.
    if (!chunk) {
        refuse("501 5.5.4 Syntax: BDAT count [LAST]");
        return end();
    }
    const std::uint64_t limit = offered_.size.value_or(0);
    const std::uint64_t most = limit != 0 ? limit : ChunkArgument::most_octets;
    const std::uint64_t before = chunks_ ? chunks_->octets : 0;
    if (chunk->octets > most || before > most - chunk->octets) {
        refuse("552 5.3.4 Message size exceeds fixed limit");
        return end();
    }
    if (!chunks_) begin_chunks();
    chunks_->octets += chunk->octets;
    chunks_->chunk_octets = chunks_->left = chunk->octets;
    chunks_->last = chunk->last;
    if (hold_ == Hold::nothing) read_chunk();
}

void Session::Impl::begin_chunks() {
    MessageRefusal refusal = must_start_tls(Verb::bdat)
                                 ? MessageRefusal{std::string(must_start_tls_first)}
                                 : message_refusal();
    chunks_.emplace();
    if (refusal.words.empty() && !normalizes() && !link_.keywords().chunking)
        refusal.words = "451 4.3.0 Error: the mail server takes BDAT no more";
    if (!refusal.words.empty())
        chunks_->refusal = fmt::format("{}\r\n", refusal.words);
    else if (normalizes())
        send_data(0);
}

/// To the DATA that is sent instead of BDAT.
void Session::Impl::on_data_reply_for_chunks(const Reply& reply) {
    if (reply.code == 354 && transaction_->forwarded > 0) {
        chunks_->as_data = true;
        return read_chunk();
    }
    chunks_->refusal = reply.code >= 400   ? reply.wire
                       : reply.code == 354 ? fmt::format("{}\r\n", no_valid_recipients)
                                           : fmt::format("{}\r\n", unavailable);
    if (reply.code < 400)
        lose_upstream("it answered DATA with no refusal");
    else if (reply.code == 421)
        drop_upstream();
    read_chunk();
}

/// From here on what comes is the chunk.
void Session::Impl::read_chunk() {
    mode_ = Mode::message;
    if (chunks_->left == 0) end_chunk();
}

void Session::Impl::take_chunk_bytes(std::string_view bytes) {
    Chunks& chunks = *chunks_;
    const std::string_view part =
        bytes.substr(0, std::min<std::uint64_t>(chunks.left, bytes.size()));
    chunks.left -= part.size();
    client_since_ = now_;
    if (chunks.refusal.empty()) pass_chunk_bytes(part);
    input_.append(bytes.substr(part.size()));
    if (chunks.left == 0) end_chunk();
}

void Session::Impl::pass_chunk_bytes(std::string_view bytes) {
    Chunks& chunks = *chunks_;
    if (chunks.as_data) {
        if (link_.output().empty()) upstream_since_ = now_;
        chunks.normalizer.scan(bytes, &link_.output());
        return refuse_bad_chunk();
    }
    const DataScanner::Scan scan = chunks.scanner.scan(bytes);
    refuse_bad_chunk();
    if (!chunks.refusal.empty()) return;
    chunks.piece += scan.held;
    const bool is_end = chunks.last && chunks.left == 0;
    if (!is_end && chunks.piece.size() + scan.passed.size() >= limits::piece_octets)
        send_piece(scan.passed);
    else
        chunks.piece += scan.passed;
}

/// Sends what there is, with `more` behind it, as a chunk that is not the last.
void Session::Impl::send_piece(std::string_view more) {
    std::string& piece = chunks_->piece;
    if (link_.quiet()) upstream_since_ = now_;
    link_.send(fmt::format("BDAT {}\r\n", piece.size() + more.size()),
               {.due = Due::chunk, .transaction = transaction_->number}, piece, more);
    piece.clear();
    ++pieces_sent_;
}

void Session::Impl::refuse_bad_chunk() {
    const char* const bad_octet = chunks_->bad_octet();
    if (bad_octet == nullptr) return;
    note("message refused", bad_octet);
    chunks_->refusal = fmt::format("550 5.5.2 Error: bare {} received\r\n", bad_octet);
    drop_upstream();
}

/// In the words in which the message was refused.
void Session::Impl::refuse_chunk() {
    say_refusal(chunks_->refusal);
    if (chunks_->refusal.starts_with("421")) end();
}

void Session::Impl::end_chunk() {
    Chunks& chunks = *chunks_;
    mode_ = Mode::command;
    client_since_ = now_;
    if (chunks.last) return end_chunks();
    if (chunks.refusal.empty() && !chunks.piece.empty()) send_piece({});
    if (!chunks.refusal.empty()) {
        refuse_chunk();
        if (!transaction_) chunks_.reset();
    } else if (pieces_answered_ == pieces_sent_) {
        say(fmt::format("250 2.0.0 Ok: {} bytes", chunks.chunk_octets));
    } else {
        chunk_answers_.push({.place = replies_.promise(),
                             .pieces = pieces_sent_,
                             .octets = chunks.chunk_octets,
                             .transaction = transaction_->number});
    }
}

/// The message is here.
void Session::Impl::end_chunks() {
    Chunks& chunks = *chunks_;
    if (chunks.refusal.empty()) {
        if (chunks.as_data)
            chunks.normalizer.finish(&link_.output());
        else
            chunks.scanner.finish();
        refuse_bad_chunk();
    }
    // An upstream that has refused a part must not be given the end.
    if (chunks.refusal.empty() && !link_.quiet())
        hold_ = Hold::chunk_replies;
    else
        finish_chunks();
}

void Session::Impl::finish_chunks() {
    Chunks& chunks = *chunks_;
    hold_ = Hold::nothing;
    client_since_ = now_;
    if (chunks.refusal.empty() && transaction_->forwarded == 0)
        chunks.refusal = fmt::format("{}\r\n", no_valid_recipients);
    if (chunks.refusal.empty()) chunks.refusal = refusal_at_end();
    if (chunks.refusal.empty()) {
        if (link_.output().empty()) upstream_since_ = now_;
        const Expected expected{.due = Due::end, .place = replies_.promise()};
        if (chunks.as_data)
            link_.send(".\r\n", expected);
        else
            link_.send(fmt::format("BDAT {} LAST\r\n", chunks.piece.size()), expected,
                       chunks.piece);
        hold_ = Hold::end_reply;
        chunks_.reset();
        return;
    }
    poisoned_ = chunks.bad_octet() != nullptr;
    refuse_chunk();
    const bool upstream_has_transaction = transaction_ && transaction_->mail_sent;
    abandon_chunks();
    if (upstream_has_transaction) copy_upstream("RSET\r\n");
    forget_transaction();
    end_if_login_is_lost();
}

void Session::Impl::on_chunk_reply(const Expected& expected, const Reply& reply) {
    if (reply.code / 100 == 3) {
        settle_piece(expected.transaction, fmt::format("{}\r\n", unavailable));
        return lose_upstream("it answered BDAT with a 3xx");
    }
    settle_piece(expected.transaction, reply.positive() ? "" : reply.wire);
    if (reply.code != 421) return;
    drop_upstream();
    end();
}

/// A piece was answered, or never will be: the chunks of which it was the last get their answers.
void Session::Impl::settle_piece(std::uint32_t transaction, std::string_view refusal) {
    ++pieces_answered_;
    if (!refusal.empty()) {
        const bool is_current = chunks_ && transaction_ && transaction_->number == transaction;
        if (is_current && chunks_->refusal.empty()) chunks_->refusal = refusal;
        // What was found bad meanwhile is the reply to all that is unanswered.
        refused_chunks_ = transaction;
        chunk_refusal_ = is_current ? chunks_->refusal : refusal;
    }
    while (!chunk_answers_.empty() && chunk_answers_.front().pieces <= pieces_answered_) {
        const ChunkAnswer due = chunk_answers_.pop();
        if (due.transaction != refused_chunks_) {
            answer(due.place, fmt::format("250 2.0.0 Ok: {} bytes", due.octets));
            continue;
        }
        tell(due.place, chunk_refusal_);
    }
}

/// The part that the upstream had of the message has gone with it.
void Session::Impl::refuse_lost_chunks() {
    if (chunks_ && chunks_->refusal.empty()) chunks_->refusal = fmt::format("{}\r\n", unavailable);
}

/// The upstream must not take for the message what comes behind a part of it.
void Session::Impl::abandon_chunks() {
    if (!chunks_) return;
    const bool as_data = chunks_->as_data;
    chunks_.reset();
    if (as_data) drop_upstream();
}

}  // namespace smtpblock::smtp
