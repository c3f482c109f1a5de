#include "daemon/net/pulse.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace smtpblock::net {

Pulse::Pulse(std::vector<IoContext*> loops, std::chrono::microseconds interval,
             std::function<void()> beat)
    : loops_(std::move(loops)),
      interval_(interval),
      beat_(std::move(beat)),
      timer_(*loops_.front()) {}

/// A loop that owes an answer is not asked another time: nothing piles up behind one that hangs.
void Pulse::ask() {
    if (silent_ == 0) {
        silent_ = loops_.size();
        for (IoContext* loop : loops_)
            boost::asio::post(
                *loop, [this] { boost::asio::post(*loops_.front(), [this] { on_answer(); }); });
    }
    timer_.expires_after(interval_);
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error) ask();
    });
}

void Pulse::on_answer() {
    if (--silent_ == 0) beat_();
}

}  // namespace smtpblock::net
