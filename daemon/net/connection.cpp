#include "daemon/net/connection.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "daemon/guard/log_record.h"

namespace smtpblock::net {

using boost::system::error_code;
using smtp::Instant;
using smtp::Side;
using smtp::Want;
using std::chrono::steady_clock;

namespace {

/// How long a client that still talks may take to read our last words.
constexpr auto parting_time = std::chrono::seconds(1);

}  // namespace

Connection::Connection(Environment environment, Arrival arrival, SessionCount::Place place,
                       const smtp::ClientInfo& client)
    : environment_(std::move(environment)),
      place_(std::move(place)),
      session_id_(client.session),
      session_(std::make_unique<smtp::Session>(options(), client, *environment_.service->policy,
                                               environment_.service->profile, steady_clock::now())),
      client_(std::make_shared<StreamLink>(environment_.io, std::move(arrival.socket),
                                           arrival.family, *this)),
      timer_(environment_.io) {}

void Connection::start() {
    happen([&](Instant now) { session_->on_connected(Side::client, now); });
}

void Connection::drain() {
    if (session_) happen([&](Instant now) { session_->on_drain(now); });
}

void Connection::on_link_connected(Link&) {
    happen([&](Instant now) {
        on_reached();
        session_->on_connected(Side::upstream, now, upstream_place_);
    });
}

void Connection::on_link_tls(Link& link) {
    if (&link == parting_.get()) return;
    happen([&](Instant now) { session_->on_tls(side_of(link), now); });
}

void Connection::on_link_bytes(Link& link, std::string_view bytes) {
    if (&link == parting_.get()) return;
    happen([&](Instant now) { session_->on_lent_bytes(side_of(link), bytes, now); });
    // By now it has been written as far as the other side takes it.
    if (session_) session_->on_bytes_gone();
}

void Connection::on_link_writable(Link&) {
    happen([](Instant) {});
}

void Connection::on_link_eof(Link& link) {
    if (&link == parting_.get()) return abandon();
    happen([&](Instant now) { session_->on_eof(side_of(link), now); });
}

void Connection::on_link_closed(Link& closed, std::string_view why) {
    if (&closed == parting_.get()) return abandon();
    happen([&](Instant now) {
        const Side side = side_of(closed);
        link(side).reset();
        if (side == Side::upstream && !reached_) return on_unreachable(why);
        session_->on_closed(side, now, why);
    });
}

/// The edge where what goes wrong in a session ends: that session does, no other.
template <class Event>
void Connection::happen(Event event) {
    if (!session_) return;
    const auto self = shared_from_this();
    try {
        event(steady_clock::now());
        pump();
    } catch (const std::exception& error) {
        guard::LogRecord record("session");
        record.add("session", session_id_).add("listener", options().listener);
        if (session_) record.add("client", session_->client_address());
        record.add("event", "failed").add("detail", error.what());
        record.write(environment_.log, guard::LogLevel::error);
        abandon();
    }
}

void Connection::pump() {
    bool moved = true;
    while (moved) {
        moved = write(Side::client);
        moved = write(Side::upstream) || moved;
        moved = close_what_shall_close() || moved;
        moved = find_upstream() || moved;
    }
    begin_tls(Side::client);
    begin_tls(Side::upstream);
    read(Side::client);
    read(Side::upstream);
    end_if_over();
    if (session_) keep_time();
}

/// True when something was written, so that the session may want something else now.
bool Connection::write(Side side) {
    const std::string_view bytes = session_->output(side);
    if (bytes.empty() || !link(side)) return false;
    const Want want = session_->want(side);
    if (want == Want::connect || want == Want::close) return false;
    const std::size_t written = link(side)->write(bytes);
    if (written > 0) session_->on_written(side, written, steady_clock::now());
    return written > 0;
}

bool Connection::close_what_shall_close() {
    bool closed = false;
    if (session_->want(Side::upstream) == Want::keep) closed = keep_upstream();
    if (session_->want(Side::upstream) == Want::close) {
        if (upstream_) std::exchange(upstream_, nullptr)->close();
        session_->on_closed(Side::upstream, steady_clock::now());
        closed = true;
    }
    if (session_->want(Side::client) == Want::close) {
        part_from_client();
        session_->on_closed(Side::client, steady_clock::now());
        closed = true;
    }
    return closed;
}

/// A client that has sent what nobody read would get a reset, and could lose our last words by it:
/// it is left to read them first.
void Connection::part_from_client() {
    if (!client_) return;
    auto leaving = std::static_pointer_cast<StreamLink>(std::exchange(client_, nullptr));
    if (!session_->output(Side::client).empty() || !leaving->discard()) return leaving->close();
    leaving->leave();
    leaving->read(true);
    parting_ = std::move(leaving);
}

void Connection::read(Side side) {
    if (link(side)) link(side)->read(session_->want(side) == Want::read);
}

/// The session's own deadlines run on: a peer that does not shake hands is closed by them.
void Connection::begin_tls(Side side) {
    bool& in_tls = side == Side::client ? client_in_tls_ : upstream_in_tls_;
    if (in_tls || !link(side) || session_->want(side) != Want::tls_handshake) return;
    in_tls = true;
    const Listener& listener = *environment_.service->listener;
    if (side == Side::upstream) return listener.upstreams[upstream_place_]->begin_tls(*upstream_);
    if (!listener.tls) throw std::logic_error("TLS without a certificate");
    client_->begin_tls(listener.tls->stream());
}

/// True when the session has another one's connection now.
bool Connection::find_upstream() {
    if (upstream_ || session_->want(Side::upstream) != Want::connect) return false;
    other_upstreams_ = {0};
    Listener& listener = *environment_.service->listener;
    if (listener.upstreams.size() > 1) {
        other_upstreams_ = listener.reachability.order(steady_clock::now());
        std::reverse(other_upstreams_.begin(), other_upstreams_.end());
    }
    if (reuse_upstream()) return true;
    try_next_upstream();
    return false;
}

bool Connection::reuse_upstream() {
    if (!session_->may_reuse()) return false;
    auto idle = environment_.service->idle.take(other_upstreams_.back(), *this);
    if (!idle) return false;
    upstream_ = std::move(idle->link);
    upstream_place_ = idle->kept.upstream;
    upstream_in_tls_ = idle->kept.secured;
    reached_ = true;
    session_->on_reused(idle->kept, steady_clock::now());
    return true;
}

void Connection::try_next_upstream() {
    upstream_place_ = other_upstreams_.back();
    other_upstreams_.pop_back();
    upstream_in_tls_ = false;
    reached_ = false;
    tried_since_ = steady_clock::now();
    const Upstream& upstream = *environment_.service->listener->upstreams[upstream_place_];
    upstream_ = upstream.connect(environment_.io, *this, session_->client_address());
    if (!other_upstreams_.empty()) limit_try();
}

/// The session waits for all of them together no longer than for one.
void Connection::limit_try() {
    const auto all = environment_.service->listener->upstreams.size();
    if (!try_timer_) try_timer_ = std::make_unique<Timer>(environment_.io);
    try_timer_->expires_after(options().timeouts.upstream_connect / all);
    try_timer_->async_wait([self = shared_from_this(), link = upstream_](error_code error) {
        if (error || self->reached_ || self->upstream_ != link) return;
        std::exchange(self->upstream_, nullptr)->close();
        self->happen([&](Instant) { self->on_unreachable("timeout"); });
    });
}

/// The next one, if the session still waits for one; else it is told.
void Connection::on_unreachable(std::string_view why) {
    Reachability& reachability = environment_.service->listener->reachability;
    const auto now = steady_clock::now();
    const bool several = environment_.service->listener->upstreams.size() > 1;
    if (several && reachability.failed(upstream_place_, tried_since_, now))
        tell_of_upstream("unreachable", why, guard::LogLevel::warning);
    environment_.service->listener->ask_again(upstream_place_);
    if (!other_upstreams_.empty() && session_->want(Side::upstream) == Want::connect)
        return try_next_upstream();
    session_->on_closed(Side::upstream, now, why);
}

void Connection::on_reached() {
    reached_ = true;
    if (try_timer_) try_timer_->cancel();
    if (environment_.service->listener->upstreams.size() == 1) return;
    if (environment_.service->listener->reachability.reached(upstream_place_))
        tell_of_upstream("reached", "", guard::LogLevel::info);
    tell_of_upstream("connected", "", guard::LogLevel::debug);
}

/// True when the session had a connection that it does not need any more.
bool Connection::keep_upstream() {
    const bool taken = environment_.service->idle.keep(upstream_, session_->kept());
    if (taken) upstream_.reset();
    session_->on_kept(taken, steady_clock::now());
    return true;
}

void Connection::tell_of_upstream(std::string_view state, std::string_view detail,
                                  guard::LogLevel level) {
    if (!environment_.log.takes(level)) return;
    const Upstream& upstream = *environment_.service->listener->upstreams[upstream_place_];
    guard::LogRecord record("upstream");
    record.add("session", session_id_).add("listener", options().listener);
    record.add("upstream", upstream.address().text()).add("state", state);
    record.add_known("detail", detail).write(environment_.log, level);
}

void Connection::end_if_over() {
    if (!session_->finished()) return;
    session_.reset();
    if (!parting_) return abandon();
    timer_due_ = Instant::min();  // no session's deadline any more
    timer_.expires_after(parting_time);
    timer_.async_wait([self = shared_from_this()](error_code error) {
        if (!error) self->abandon();
    });
}

/// The timer is set anew only when it has fired or would fire too late: most deadlines are moved
/// away long before they come.
void Connection::keep_time() {
    const Instant deadline = session_->deadline();
    if (deadline >= timer_due_) return;
    timer_due_ = deadline;
    timer_.expires_at(deadline);
    timer_.async_wait([self = shared_from_this()](error_code error) {
        if (!error) self->on_timer();
    });
}

void Connection::on_timer() {
    if (!session_) return;
    timer_due_ = Instant::max();
    happen([&](Instant now) {
        if (now >= session_->deadline()) session_->on_time(now);
    });
}

void Connection::abandon() {
    if (std::exchange(ended_, true)) return;
    const auto self = shared_from_this();
    session_.reset();
    for (auto& link : {&client_, &upstream_})
        if (*link) std::exchange(*link, nullptr)->close();
    if (parting_) std::exchange(parting_, nullptr)->close();
    timer_.cancel();
    if (try_timer_) try_timer_->cancel();
    place_.reset();
    environment_.service->share_what_was_learnt();
    environment_.owner.on_conversation_ended(*this);
}

}  // namespace smtpblock::net
