#include "daemon/net/behind/maildir_link.h"

#include <boost/asio/post.hpp>
#include <stdexcept>
#include <utility>

#include "daemon/guard/log_record.h"

namespace smtpblock::net {

using boost::system::error_code;
using std::chrono::steady_clock;

namespace {

/// On a thread of the pool, which must not end by an exception.
bool run(const maildir::Job& job) {
    try {
        return job();
    } catch (...) {
        return false;
    }
}

}  // namespace

MaildirLink::MaildirLink(IoContext& io, boost::asio::thread_pool& jobs, guard::Log& log,
                         Options options, std::string client, LinkEvents& events)
    : io_(io),
      jobs_(jobs),
      log_(log),
      events_(&events),
      options_(std::move(options)),
      server_(*options_, std::move(client)),
      timer_(io) {}

void MaildirLink::connect() {
    connecting_ = true;
    schedule();
}

std::size_t MaildirLink::write(std::string_view bytes) {
    if (!server_.takes_bytes()) {
        owes_writable_ = true;
        return 0;
    }
    server_.on_bytes(bytes);
    after_event();
    return bytes.size();
}

void MaildirLink::read(bool wanted) {
    wants_read_ = wanted;
    if (wanted && (server_.closed() || !server_.output().empty())) schedule();
}

void MaildirLink::begin_tls(tls::Ssl) {
    throw std::logic_error("TLS to the Maildir");  // nobody wants it where nothing can be heard
}

/// Sends the job away that the server may want done, and sees to it that its answers are delivered.
void MaildirLink::after_event() {
    if (const std::string trouble = server_.take_trouble(); !trouble.empty()) {
        guard::LogRecord record("maildir");
        record.add("state", "trouble").add("detail", trouble).write(log_, guard::LogLevel::error);
    }
    if (auto job = server_.take_job()) {
        // The job may hold the message's file, which goes with it on the pool's thread.
        boost::asio::post(jobs_, [self = shared_from_this(), job = *std::move(job)]() mutable {
            const bool answer = run(std::exchange(job, nullptr));
            IoContext& io = self->io_;
            boost::asio::post(io, [self = std::move(self), answer] {
                if (self->events_ == nullptr) return;
                self->server_.on_job_done(answer, steady_clock::now());
                self->after_event();
            });
        });
    }
    if (const auto due = server_.deadline(); due && !std::exchange(timing_, true)) {
        timer_.expires_at(*due);
        timer_.async_wait([self = shared_from_this()](error_code error) {
            self->timing_ = false;
            if (error || self->events_ == nullptr) return;
            self->server_.on_time(steady_clock::now());
            self->after_event();
        });
    }
    schedule();
}

/// What is said inside a call is delivered after it.
void MaildirLink::schedule() {
    if (std::exchange(scheduled_, true)) return;
    boost::asio::post(io_, [self = shared_from_this()] { self->deliver(); });
}

void MaildirLink::deliver() {
    scheduled_ = false;
    if (events_ != nullptr && std::exchange(connecting_, false)) events_->on_link_connected(*this);
    if (events_ != nullptr && wants_read_ && !server_.output().empty()) {
        const std::string bytes(server_.output().pending());
        server_.output().taken(bytes.size());
        events_->on_link_bytes(*this, bytes);
    }
    if (events_ != nullptr && server_.takes_bytes() && std::exchange(owes_writable_, false))
        events_->on_link_writable(*this);
    if (events_ != nullptr && wants_read_ && server_.closed() && server_.output().empty()) {
        wants_read_ = false;
        events_->on_link_eof(*this);
    }
}

void MaildirLink::close() {
    events_ = nullptr;
    timer_.cancel();
}

}  // namespace smtpblock::net
