#include "daemon/smtp/upstream_link.h"

#include <utility>

namespace smtpblock::smtp {

void UpstreamLink::on_connected(bool implicit_tls, std::string_view header) {
    secured_ = false;
    forget_keywords();
    output_.append(header);
    if (implicit_tls) {
        state_ = State::securing;
        return;
    }
    await_banner();
}

void UpstreamLink::on_reused(bool secured, Keywords keywords) {
    secured_ = secured;
    keywords_ = keywords;
    keywords_.pipelining = false;  // until it has greeted its new client
    state_ = State::ready;
}

/// Nothing is pipelined to a server that has not offered it.
void UpstreamLink::forget_keywords() {
    keywords_ = {};
    keywords_.pipelining = false;
}

void UpstreamLink::await_banner() {
    state_ = State::greeting;
    expected_.push({.due = Due::banner});
    ends_.push(output_.total_taken() + output_.size());
}

void UpstreamLink::secure() {
    state_ = State::securing;
    forget_keywords();
    parser_ = {};
}

void UpstreamLink::on_tls(bool implicit_tls) {
    secured_ = true;
    state_ = State::greeting;
    if (implicit_tls) await_banner();
}

void UpstreamLink::greet(std::string_view command) {
    if (command.empty()) {
        state_ = State::ready;
        return;
    }
    state_ = State::greeting;
    send(command, {.due = Due::hello});
}

void UpstreamLink::on_greeted(Keywords keywords) {
    keywords_ = keywords;
    state_ = State::ready;
}

void UpstreamLink::send(std::string_view command, Expected expected, std::string_view chunk,
                        std::string_view chunk_end) {
    expected_.push(expected);
    const bool is_secret = expected.due == Due::auth;
    if (!is_secret && waiting_.empty() && may_write()) {
        output_.append(command);
        output_.append(chunk);
        output_.append(chunk_end);
        ends_.push(output_.total_taken() + output_.size());
        return;
    }
    waiting_.push({Secret(command), is_secret});
    waiting_octets_ += command.size() + chunk.size() + chunk_end.size();
    waiting_.back().command.append(chunk).append(chunk_end);
    write_what_may();
}

void UpstreamLink::write_what_may() {
    while (!waiting_.empty() && may_write()) {
        const Waiting next = waiting_.pop();
        waiting_octets_ -= next.command.view().size();
        if (next.is_secret)
            output_.append_secret(next.command.view());
        else
            output_.append(next.command.view());
        ends_.push(output_.total_taken() + output_.size());
    }
}

bool UpstreamLink::owes_nothing() const {
    for (std::size_t i = 0; i < expected_.size(); ++i)
        if (expected_[i].due != Due::dropped) return false;
    return true;
}

std::optional<Due> UpstreamLink::next_due() const {
    if (expected_.empty()) return std::nullopt;
    return expected_.front().due;
}

std::optional<Expected> UpstreamLink::settle() {
    if (ends_.empty() || ends_.front() > output_.total_taken()) return std::nullopt;
    ends_.pop();
    const Expected expected = expected_.pop();
    write_what_may();
    return expected;
}

std::vector<Expected> UpstreamLink::close() {
    std::vector<Expected> never;
    while (!expected_.empty()) never.push_back(expected_.pop());
    while (!waiting_.empty()) waiting_.pop();
    waiting_octets_ = 0;
    while (!ends_.empty()) ends_.pop();
    output_.clear();
    parser_ = {};
    state_ = State::closing;
    return never;
}

void UpstreamLink::on_closed() {
    state_ = State::none;
}

}  // namespace smtpblock::smtp
