// Answers leave in the order their commands came (RFC 2920 3.2). A command that the upstream must
// answer takes a place with promise(); the place is filled by answer(). What is filled at the head
// of the queue flows into the bytes for the client at once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/smtp/fifo.h"

namespace smtpblock::smtp {

class ReplyQueue {
public:
    using Place = std::uint64_t;

    /// `out` is where ready answers go; it must outlive the queue.
    explicit ReplyQueue(std::string& out) : out_(out) {}

    Place promise();
    /// `lines` with their CRLFs. Each place is answered once; one that was cut off needs no answer.
    void answer(Place place, std::string_view lines);
    /// An answer that is known at once.
    void say(std::string_view lines);

    /// What comes after that place will not be told, whoever answers it.
    void cut_behind(Place place);

    bool empty() const { return waiting_.empty(); }
    std::size_t size() const { return waiting_.size(); }

private:
    std::string& out_;
    Fifo<std::string> waiting_;  ///< an empty one is not answered yet
    Place first_ = 0;            ///< of waiting_.front()
};

}  // namespace smtpblock::smtp
