// What the client is told, and which of it counts as an error of his.
#include <utility>

#include "daemon/smtp/session_impl.h"

namespace smtpblock::smtp {

void Session::Impl::refuse(std::string_view reply) {
    replies_.refuse(fmt::format("{}\r\n", reply));
}

void Session::Impl::refuse(ReplyQueue::Place place, std::string_view reply) {
    replies_.refuse(place, fmt::format("{}\r\n", reply));
}

void Session::Impl::answer(ReplyQueue::Place place, std::string_view reply) {
    replies_.answer(place, fmt::format("{}\r\n", reply));
}

/// `reply` with its CRLFs. A blocked sender's refusals are ours: to be told by no limit, all 5xx
/// count alike, whoever says them.
void Session::Impl::tell(ReplyQueue::Place place, std::string_view reply) {
    if (reply.starts_with('5'))
        replies_.refuse(place, reply);
    else
        replies_.answer(place, reply);
}

void Session::Impl::relay(ReplyQueue::Place place, const Reply& reply, Duration pause) {
    answer_after(pause, place, reply.wire);
    if (reply.code != 421) return;
    drop_upstream();
    end();
}

/// With the last error that is allowed, also where the client has said QUIT ahead.
void Session::Impl::end_at_limit() {
    if (!replies_.is_exhausted() || client_gone_ || std::exchange(limit_told_, true)) return;
    drop_upstream();
    held_.reset();
    paced_ = {};
    auth_.reset();
    hold_ = Hold::nothing;
    ending_ = Ending::no;
    end_with("421 4.7.0", "Error: too many errors");
}

void Session::Impl::end_with(std::string_view code_and_class, std::string_view why) {
    if (ending_ != Ending::no) return;
    // Where a handshake is expected next, words in clear text would only spoil it.
    if (client_tls_ != ClientTls::due) say(fmt::format("{} {} {}", code_and_class, host(), why));
    note("ended", why);
    end();
}

}  // namespace smtpblock::smtp
