#include "daemon/smtp/reply_queue.h"

namespace smtpblock::smtp {

ReplyQueue::Place ReplyQueue::promise() {
    waiting_.push({});
    return first_ + waiting_.size() - 1;
}

void ReplyQueue::answer(Place place, std::string_view lines) {
    if (place - first_ >= waiting_.size()) return;
    waiting_[place - first_] = lines;
    for (; !waiting_.empty() && !waiting_.front().empty(); ++first_) out_ += waiting_.pop();
}

void ReplyQueue::cut_behind(Place place) {
    while (!waiting_.empty() && first_ + waiting_.size() - 1 > place) waiting_.pop_back();
}

void ReplyQueue::say(std::string_view lines) {
    if (waiting_.empty())
        out_ += lines;
    else
        waiting_.push(std::string(lines));
}

}  // namespace smtpblock::smtp
