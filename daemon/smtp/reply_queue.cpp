#include "daemon/smtp/reply_queue.h"

#include <utility>

namespace smtpblock::smtp {

ReplyQueue::Place ReplyQueue::promise() {
    waiting_.push({});
    return first_ + waiting_.size() - 1;
}

void ReplyQueue::fill(Place place, std::string_view lines, bool is_error) {
    if (place < first_) return;
    waiting_[place - first_] = {std::string(lines), is_error};
    while (!waiting_.empty() && !waiting_.front().lines.empty()) {
        const Answer answer = waiting_.pop();
        ++first_;
        out_ += answer.lines;
        if (!answer.is_error || ++errors_ != most_errors_) continue;
        first_ += waiting_.size();
        waiting_ = {};
    }
}

void ReplyQueue::say(std::string_view lines) {
    if (waiting_.empty())
        out_ += lines;
    else
        waiting_.push({std::string(lines)});
}

}  // namespace smtpblock::smtp
