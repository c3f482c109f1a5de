// Answers leave in the order their commands came (RFC 2920 3.2). A command that the upstream must
// answer takes a place with promise(); the place is filled by answer() or refuse(). What is filled
// at the head of the queue flows into the bytes for the client at once. Errors are counted as they
// flow, whoever found them and when: behind one too many nothing is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/smtp/fifo.h"

namespace smtpblock::smtp {

class ReplyQueue {
public:
    using Place = std::uint64_t;

    /// `out` is where ready answers go; it must outlive the queue.
    ReplyQueue(std::string& out, std::size_t most_errors) : out_(out), most_errors_(most_errors) {}

    Place promise();
    /// `lines` with their CRLFs. Each place is answered once; after the last error that is allowed
    /// those behind it need no answer.
    void answer(Place place, std::string_view lines) { fill(place, lines, false); }
    /// Likewise, an error of the client's.
    void refuse(Place place, std::string_view lines) { fill(place, lines, true); }
    /// An answer that is known at once.
    void say(std::string_view lines);
    void refuse(std::string_view lines) { refuse(promise(), lines); }

    /// The errors that are allowed have been told, and nothing behind them; what is said from now
    /// on is.
    bool is_exhausted() const { return errors_ >= most_errors_; }
    /// Something was right that makes up for them.
    void forget_errors() { errors_ = 0; }

    bool empty() const { return waiting_.empty(); }
    std::size_t size() const { return waiting_.size(); }

private:
    struct Answer {
        std::string lines;  ///< empty: it is not known yet
        bool is_error = false;
    };

    void fill(Place place, std::string_view lines, bool is_error);

    std::string& out_;
    const std::size_t most_errors_;
    std::size_t errors_ = 0;  ///< told
    Fifo<Answer> waiting_;
    Place first_ = 0;  ///< of waiting_.front()
};

}  // namespace smtpblock::smtp
