#include "daemon/net/door/request_connection.h"

#include <chrono>
#include <exception>
#include <utility>

#include "daemon/guard/log_record.h"

namespace smtpblock::net {

using boost::system::error_code;
using smtp::Instant;
using std::chrono::steady_clock;

namespace {

const door::Options& door_of(const Service& service) {
    return *service.listener->options.door;
}

}  // namespace

RequestConnection::RequestConnection(Environment environment, Arrival arrival,
                                     SessionCount::Place place, const smtp::ClientInfo& asker)
    : environment_(std::move(environment)),
      place_(std::move(place)),
      asker_{asker.session, asker.address},
      exchange_(door_of(*environment_.service).begin(*environment_.service->policy, asker_)),
      link_(std::make_shared<StreamLink>(environment_.io, std::move(arrival.socket), arrival.family,
                                         *this)),
      since_(steady_clock::now()),
      timer_(environment_.io) {}

void RequestConnection::start() {
    happen([] {});
}

void RequestConnection::drain() {
    if (std::exchange(drained_, true)) return abandon();
    leave(true);
}

void RequestConnection::retire(const Service& service) {
    if (environment_.service.get() != &service || !exchange_ || exchange_->take_leave()) return;
    leave(false);
}

/// A question that is there already is answered still. Unless it is to end `at_once`, so is the
/// first one of whoever has not asked yet: he has just connected to ask it, and an Exim that gets
/// no answer puts his client off.
void RequestConnection::leave(bool at_once) {
    happen([&] {
        leaving_ = true;
        expects_ = link_->has_input() || (!heard_ && !at_once);
    });
}

void RequestConnection::on_link_bytes(Link&, std::string_view bytes) {
    heard_ = true;
    expects_ = false;
    happen([&] { exchange_->on_bytes(bytes); });
}

void RequestConnection::on_link_writable(Link&) {
    happen([] {});
}

void RequestConnection::on_link_eof(Link&) {
    happen([&] { exchange_->on_eof(); });
}

void RequestConnection::on_link_closed(Link&, std::string_view) {
    link_.reset();
    abandon();
}

/// The edge where what goes wrong in a conversation ends: that conversation does, no other.
template <class Event>
void RequestConnection::happen(Event event) {
    if (!exchange_) return;
    const auto self = shared_from_this();
    try {
        event();
        pump(steady_clock::now());
    } catch (const std::exception& error) {
        tell(guard::LogLevel::error, "failed", error.what());
        abandon();
    }
}

/// Nothing more is read before what was answered is on its way.
void RequestConnection::pump(Instant now) {
    const std::size_t written = link_->write(exchange_->output());
    exchange_->on_written(written);
    for (const door::Complaint& complaint : exchange_->take_complaints())
        tell(guard::LogLevel::warning, complaint.event, complaint.detail);
    const bool all_written = exchange_->output().empty();
    if (all_written && (exchange_->finished() || (leaving_ && !expects_ && exchange_->idle()))) {
        link_->discard();
        return abandon();
    }
    link_->read(all_written);
    // What goes on is not late.
    const bool was_busy = std::exchange(busy_, !all_written || !exchange_->idle());
    if (!busy_ || !was_busy || written > 0) since_ = now;
    keep_time();
}

/// Who connects has something to ask: until he has, he is as late as with a request.
Instant RequestConnection::deadline() const {
    const door::Options& door = door_of(*environment_.service);
    return since_ + (busy_ || !heard_ ? door.request : door.idle);
}

/// The timer is set anew only when it has fired or would fire too late: while requests come, the
/// deadline is moved away long before.
void RequestConnection::keep_time() {
    if (deadline() >= timer_due_) return;
    timer_due_ = deadline();
    timer_.expires_at(timer_due_);
    timer_.async_wait([self = shared_from_this()](error_code error) {
        if (!error) self->on_timer();
    });
}

void RequestConnection::on_timer() {
    if (!exchange_) return;
    timer_due_ = Instant::max();
    if (steady_clock::now() < deadline()) return keep_time();
    if (busy_) tell(guard::LogLevel::warning, "timeout", "in the middle of a request");
    abandon();
}

/// `client` is whoever asks.
void RequestConnection::tell(guard::LogLevel level, std::string_view event,
                             std::string_view detail) {
    if (!environment_.log.takes(level)) return;
    guard::LogRecord record("session");
    record.add("session", asker_.session);
    record.add("listener", environment_.service->listener->options.session.listener);
    record.add("client", asker_.address);
    record.add("event", event).add_known("detail", detail).write(environment_.log, level);
}

void RequestConnection::abandon() {
    if (!exchange_) return;
    const auto self = shared_from_this();
    exchange_.reset();
    if (link_) std::exchange(link_, nullptr)->close();
    timer_.cancel();
    place_.reset();
    environment_.owner.on_conversation_ended(*this);
}

}  // namespace smtpblock::net
