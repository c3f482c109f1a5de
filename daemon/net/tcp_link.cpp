#include "daemon/net/tcp_link.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

namespace smtpblock::net {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

/// One for all connections: its bytes are handed on before anything else is read.
std::array<char, 64 * 1024>& shared_buffer() {
    thread_local std::array<char, 64 * 1024> buffer;
    return buffer;
}

}  // namespace

TcpLink::TcpLink(TcpSocket socket, LinkEvents& events)
    : socket_(std::move(socket)), events_(&events) {}

TcpLink::TcpLink(IoContext& io, LinkEvents& events) : socket_(io), events_(&events) {}

void TcpLink::connect(const std::string& host, std::uint16_t port) {
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

void TcpLink::resolved(std::vector<TcpEndpoint> endpoints) {
    left_to_try_.assign(endpoints.rbegin(), endpoints.rend());
    try_next();
}

void TcpLink::try_next() {
    const TcpEndpoint endpoint = left_to_try_.back();
    left_to_try_.pop_back();
    error_code ignored;
    socket_.close(ignored);
    socket_.async_connect(endpoint, [self = shared_from_this()](error_code error) {
        if (self->events_ == nullptr) return;
        if (error && !self->left_to_try_.empty()) return self->try_next();
        if (error) return self->fail(error.message());
        error_code not_set;  // costs latency, not correctness
        self->socket_.set_option(tcp::no_delay(true), not_set);
        self->events_->on_link_connected(*self);
    });
}

std::size_t TcpLink::write(std::string_view bytes) {
    if (awaits_write_) return 0;
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const auto octets = ::send(socket_.native_handle(), bytes.data() + sent,
                                   bytes.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (octets < 0 && errno == EINTR) continue;
        if (octets < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            await_writable();
            return sent;
        }
        if (octets < 0) {
            awaits_write_ = true;  // nothing more is taken
            boost::asio::post(socket_.get_executor(),
                              [self = shared_from_this(), why = std::string(std::strerror(errno))] {
                                  self->fail(why);
                              });
            return sent;
        }
        sent += static_cast<std::size_t>(octets);
    }
    return sent;
}

void TcpLink::await_writable() {
    awaits_write_ = true;
    socket_.async_wait(TcpSocket::wait_write, [self = shared_from_this()](error_code error) {
        if (self->events_ == nullptr) return;
        self->awaits_write_ = false;
        if (error) return self->fail(error.message());
        self->events_->on_link_writable(*self);
    });
}

void TcpLink::read(bool wanted) {
    wants_read_ = wanted;
    if (wanted && !awaits_read_ && !saw_eof_) await_readable();
}

void TcpLink::await_readable() {
    awaits_read_ = true;
    socket_.async_wait(TcpSocket::wait_read, [self = shared_from_this()](error_code error) {
        self->awaits_read_ = false;
        if (self->events_ == nullptr || !self->wants_read_) return;
        if (error) return self->fail(error.message());
        self->on_readable();
    });
}

void TcpLink::on_readable() {
    auto& buffer = shared_buffer();
    const auto octets = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (octets > 0) {
        events_->on_link_bytes(*this, {buffer.data(), static_cast<std::size_t>(octets)});
    } else if (octets == 0) {
        saw_eof_ = true;
        return events_->on_link_eof(*this);
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        return fail(std::strerror(errno));
    }
    if (events_ != nullptr) read(wants_read_);
}

bool TcpLink::discard() {
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

void TcpLink::shutdown_writing() {
    error_code ignored;
    socket_.shutdown(TcpSocket::shutdown_send, ignored);
}

void TcpLink::close() {
    events_ = nullptr;
    if (resolver_) resolver_->cancel();
    error_code ignored;
    socket_.close(ignored);
}

void TcpLink::fail(std::string why) {
    LinkEvents* const events = std::exchange(events_, nullptr);
    if (events == nullptr) return;
    const auto self = shared_from_this();
    close();
    events->on_link_closed(*this, why);
}

}  // namespace smtpblock::net
