// A conversation of requests and their answers, as a function of what happened: bytes go in, bytes
// come out, and no socket, clock or thread is known here. What a mail server asks us
// (daemon/policy) is one. Answers leave in the order of their requests; what is decided is decided
// after the last octet of its request was read.
//
// Who drives it (daemon/net/door, or a test) gives it no more bytes before its output is written,
// so that nothing grows with what an asker sends and does not read.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/smtp/policy.h"

namespace smtpblock::door {

/// Something that an administrator should look at.
struct Complaint {
    std::string event;   ///< a key of few words
    std::string detail;  ///< may hold anything
};

class Exchange {
public:
    virtual ~Exchange() = default;

    /// All of `bytes` are taken; they live during the call only.
    virtual void on_bytes(std::string_view bytes) = 0;
    /// The asker will send no more.
    virtual void on_eof() = 0;
    /// Nothing of a request has come that is not answered.
    virtual bool idle() const = 0;
    /// Other settings are in force for those who come from now on. True when the asker is told with
    /// his next answer to come anew, false when the connection may end while it is idle: a question
    /// that is still on its way over a kept one then has to be asked once more.
    virtual bool take_leave() { return false; }

    /// No more requests are taken: the connection ends once the output is written.
    bool finished() const { return finished_; }
    std::string_view output() const { return std::string_view(output_).substr(written_); }
    /// The first `octets` of the output are on their way.
    void on_written(std::size_t octets) {
        written_ += octets;
        if (written_ < output_.size()) return;
        output_.clear();  // and keeps its memory for the next answer
        written_ = 0;
    }
    /// Those since the last call.
    std::vector<Complaint> take_complaints() { return std::exchange(complaints_, {}); }

protected:
    void say(std::string_view bytes) { output_ += bytes; }
    void complain(std::string event, std::string detail) {
        complaints_.push_back({std::move(event), std::move(detail)});
    }
    void finish() { finished_ = true; }

private:
    std::string output_;
    std::size_t written_ = 0;
    std::vector<Complaint> complaints_;
    bool finished_ = false;
};

/// What is known of a connection when it begins.
struct Asker {
    std::string session;  ///< its ID in the log
    std::string address;  ///< of whoever asks, not of his client
};

/// Of all connections of a listener.
struct Options {
    /// `rules` are those of the thread, and outlive the exchange. Called in any thread.
    std::function<std::unique_ptr<Exchange>(smtp::Policy& rules, const Asker& asker)> begin;
    std::chrono::seconds idle;     ///< how long a connection may wait for its next request
    std::chrono::seconds request;  ///< how long one may take to come, and its answer to be read
    std::string settings{};        ///< in words for an administrator; empty: there are none
};

}  // namespace smtpblock::door
