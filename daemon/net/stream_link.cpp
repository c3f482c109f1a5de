#include "daemon/net/stream_link.h"

#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

namespace smtpblock::net {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

using SharedBuffer = std::array<char, 64 * 1024>;

/// One for all connections: its bytes are handed on before anything else is read.
SharedBuffer& shared_buffer() {
    thread_local SharedBuffer buffer;
    return buffer;
}

/// A password has no more octets than this, and whatever comes in one piece with it: a larger read
/// is the text of a message.
constexpr std::size_t may_hold_a_secret = 16 * 1024;

}  // namespace

StreamLink::StreamLink(IoContext& io, Descriptor socket, int family, LinkEvents& events)
    : socket_(io, Protocol(family, 0), socket.number()), events_(&events) {
    socket.release();
}

StreamLink::StreamLink(IoContext& io, LinkEvents& events) : socket_(io), events_(&events) {}

void StreamLink::connect(const std::string& host, std::uint16_t port) {
    error_code no_address;
    const auto address = boost::asio::ip::make_address(host, no_address);
    if (!no_address) return resolved({TcpEndpoint(address, port)});

    resolver_ = std::make_unique<Resolver>(socket_.get_executor());
    resolver_->async_resolve(
        host, std::to_string(port), tcp::resolver::numeric_service,
        [self = shared_from_this()](error_code error, const Resolver::results_type& results) {
            if (self->events_ == nullptr) return;
            self->resolver_.reset();
            if (error) return self->fail(error.message());
            self->resolved({results.begin(), results.end()});
        });
}

void StreamLink::connect(const std::string& path) {
    left_to_try_ = {boost::asio::local::stream_protocol::endpoint(path)};
    try_next();
}

void StreamLink::resolved(const std::vector<TcpEndpoint>& endpoints) {
    left_to_try_.assign(endpoints.rbegin(), endpoints.rend());
    try_next();
}

void StreamLink::try_next() {
    const Protocol::endpoint endpoint = left_to_try_.back();
    left_to_try_.pop_back();
    error_code ignored;
    socket_.close(ignored);
    socket_.async_connect(endpoint, [self = shared_from_this(), endpoint](error_code error) {
        if (self->events_ == nullptr) return;
        if (error && !self->left_to_try_.empty()) return self->try_next();
        if (error) return self->fail(error.message());
        error_code not_set;  // costs latency, not correctness
        if (endpoint.protocol().family() != AF_UNIX)
            self->socket_.set_option(tcp::no_delay(true), not_set);
        self->events_->on_link_connected(*self);
    });
}

std::size_t StreamLink::write(std::string_view bytes) {
    std::size_t sent = 0;
    while (!awaits_write_ && !handshaking_ && sent < bytes.size()) {
        switch (send_some(bytes.substr(sent), sent)) {
            case State::done:
                break;
            case State::wants_writable:
                await_write(Socket::wait_write);
                break;
            case State::wants_readable:
                await_write(Socket::wait_read);
                break;
            case State::ended:
            case State::failed:
                awaits_write_ = true;  // nothing more is taken
                boost::asio::post(socket_.get_executor(),
                                  [self = shared_from_this()] { self->fail(self->why_); });
                break;
        }
    }
    return sent;
}

StreamLink::State StreamLink::send_some(std::string_view bytes, std::size_t& octets) {
    if (tls_) {
        const State state = tls_->write(bytes, octets);
        if (state == State::failed) why_ = tls_->why();
        return state;
    }
    const auto sent =
        ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return failed_or(State::wants_writable);
    octets += static_cast<std::size_t>(sent);
    return State::done;
}

void StreamLink::await_write(Socket::wait_type what) {
    awaits_write_ = true;
    socket_.async_wait(what, [self = shared_from_this()](error_code error) {
        if (self->events_ == nullptr) return;
        self->awaits_write_ = false;
        if (error) return self->fail(error.message());
        if (self->handshaking_) return self->handshake();
        self->events_->on_link_writable(*self);
    });
}

void StreamLink::read(bool wanted) {
    wants_read_ = wanted;
    if (!wanted || awaits_read_ || saw_eof_ || handshaking_) return;
    if (!has_unread_) return await_read(read_waits_for_);
    awaits_read_ = true;
    boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
        self->awaits_read_ = false;
        self->on_ready_to_read();
    });
}

void StreamLink::await_read(Socket::wait_type what) {
    awaits_read_ = true;
    socket_.async_wait(what, [self = shared_from_this()](error_code error) {
        self->awaits_read_ = false;
        if (error) return self->fail(error.message());
        self->on_ready_to_read();
    });
}

void StreamLink::on_ready_to_read() {
    if (events_ == nullptr) return;
    if (handshaking_) return handshake();
    if (wants_read_) receive();
}

/// Hands on what is there. Of TLS as much as the buffer takes, since a record holds little; in
/// clear text a second try would only cost time.
void StreamLink::receive() {
    auto& buffer = shared_buffer();
    std::size_t octets = 0;
    State state = State::done;
    do {
        state = receive_some(buffer.data() + octets, buffer.size() - octets, octets);
    } while (tls_ && state == State::done && octets < buffer.size());
    has_unread_ = tls_ && (state == State::done || state == State::ended);
    read_waits_for_ = state == State::wants_writable ? Socket::wait_write : Socket::wait_read;

    if (octets > 0) {
        if (!leaving_) events_->on_link_bytes(*this, {buffer.data(), octets});
        if (octets <= may_hold_a_secret) explicit_bzero(buffer.data(), octets);
        if (events_ == nullptr) return;
    }
    if (state == State::failed) return fail(why_);
    if (state == State::ended && octets == 0) {
        saw_eof_ = true;
        return events_->on_link_eof(*this);
    }
    read(wants_read_);
}

StreamLink::State StreamLink::receive_some(char* buffer, std::size_t size, std::size_t& octets) {
    if (tls_ && !leaving_) {
        const State state = tls_->read(buffer, size, octets);
        if (state == State::failed) why_ = tls_->why();
        return state;
    }
    const auto received = ::recv(socket_.native_handle(), buffer, size, MSG_DONTWAIT);
    if (received < 0) return failed_or(State::wants_readable);
    octets += static_cast<std::size_t>(received);
    return received == 0 ? State::ended : State::done;
}

StreamLink::State StreamLink::failed_or(State would_block) {
    const int error = errno;
    if (error == EINTR) return State::done;
    if (error == EAGAIN || error == EWOULDBLOCK) return would_block;
    why_ = std::strerror(error);
    return State::failed;
}

void StreamLink::begin_tls(tls::Ssl ssl) {
    error_code error;
    socket_.native_non_blocking(true, error);
    tls_ = std::make_unique<tls::Stream>(std::move(ssl), socket_.native_handle());
    handshaking_ = true;
    wants_read_ = false;
    boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
        if (self->events_ != nullptr && self->handshaking_) self->handshake();
    });
}

void StreamLink::handshake() {
    switch (tls_->handshake()) {
        case State::done:
            handshaking_ = false;
            has_unread_ = tls_->has_pending();
            return events_->on_link_tls(*this);
        case State::wants_readable:
            if (!awaits_read_) await_read(Socket::wait_read);
            return;
        case State::wants_writable:
            if (!awaits_write_) await_write(Socket::wait_write);
            return;
        case State::ended:
        case State::failed:
            return fail(tls_->why());
    }
}

bool StreamLink::discard() {
    auto& buffer = shared_buffer();
    constexpr int reads = 16;
    bool any = false;
    for (int i = 0; i < reads; ++i) {
        const auto octets =
            ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (octets <= 0) break;
        any = true;
    }
    return any;
}

bool StreamLink::has_input() {
    char octet = 0;
    return has_unread_ ||
           ::recv(socket_.native_handle(), &octet, sizeof octet, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

void StreamLink::leave() {
    leaving_ = true;
    has_unread_ = false;
    if (tls_) tls_->close_notify();
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
}

void StreamLink::close() {
    events_ = nullptr;
    if (resolver_) resolver_->cancel();
    if (tls_ && !leaving_) tls_->close_notify();
    error_code ignored;
    socket_.close(ignored);
}

void StreamLink::fail(std::string why) {
    LinkEvents* const events = std::exchange(events_, nullptr);
    if (events == nullptr) return;
    const auto self = shared_from_this();
    close();
    events->on_link_closed(*this, why);
}

}  // namespace smtpblock::net
