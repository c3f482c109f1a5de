#include "daemon/net/behind/inquiry.h"

#include <chrono>
#include <utility>

namespace smtpblock::net {

using boost::system::error_code;
using std::chrono::steady_clock;

Inquiry::Inquiry(IoContext& io, const Upstream& upstream, smtp::LearnerOptions options)
    : io_(io), upstream_(upstream), learner_(std::move(options), steady_clock::now()), timer_(io) {}

void Inquiry::start(Ended ended) {
    ended_ = std::move(ended);
    link_ = upstream_.connect(io_, *this, "");
    timer_.expires_at(learner_.deadline());
    timer_.async_wait([self = shared_from_this()](error_code stopped) {
        if (stopped) return;
        self->learner_.on_time(steady_clock::now());
        self->pump();
    });
}

void Inquiry::stop() {
    if (link_) std::exchange(link_, nullptr)->close();
    timer_.cancel();
    ended_ = nullptr;
}

void Inquiry::on_link_connected(Link&) {
    learner_.on_connected();
    pump();
}

void Inquiry::on_link_tls(Link&) {
    learner_.on_tls();
    pump();
}

void Inquiry::on_link_bytes(Link&, std::string_view bytes) {
    learner_.on_bytes(bytes, steady_clock::now());
    pump();
}

void Inquiry::on_link_writable(Link&) {
    pump();
}

void Inquiry::on_link_eof(Link&) {
    learner_.on_closed("");
    pump();
}

void Inquiry::on_link_closed(Link&, std::string_view why) {
    link_.reset();
    learner_.on_closed(why);
    pump();
}

void Inquiry::pump() {
    if (learner_.want() == smtp::Want::close) return end();
    if (!link_) return;
    if (!learner_.output().empty()) learner_.on_written(link_->write(learner_.output()));
    if (learner_.want() == smtp::Want::tls_handshake && !std::exchange(in_tls_, true))
        upstream_.begin_tls(*link_);
    link_->read(learner_.want() == smtp::Want::read);
}

void Inquiry::end() {
    const auto self = shared_from_this();
    const Ended ended = std::move(ended_);
    stop();
    if (ended) ended(learner_);
}

}  // namespace smtpblock::net
