#include "daemon/net/acceptor.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/guard/log_record.h"

namespace smtpblock::net {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using std::chrono::steady_clock;

TcpEndpoint to_asio(const Endpoint& endpoint) {
    return {boost::asio::ip::make_address(endpoint.address.text()), endpoint.port};
}

IpAddress address_of(const sockaddr_storage& peer) {
    std::string_view octets;
    if (peer.ss_family == AF_INET)
        octets = {
            reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in*>(&peer)->sin_addr),
            4};
    else
        octets = {
            reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in6*>(&peer)->sin6_addr),
            16};
    return *IpAddress::from_octets(octets);
}

int open_spare() {
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

}  // namespace

Acceptor::Acceptor(IoContext& io, guard::Log& log, Accepted accepted)
    : log_(log), accepted_(std::move(accepted)), socket_(io), pause_(io), spare_(open_spare()) {}

Acceptor::~Acceptor() {
    if (spare_ >= 0) close(spare_);
}

Result<void> Acceptor::listen(const Endpoint& endpoint) {
    const TcpEndpoint where = to_asio(endpoint);
    error_code error;
    socket_.open(where.protocol(), error);
    if (!error) socket_.set_option(Socket::reuse_address(true), error);
    if (!error && !endpoint.address.is_v4())
        socket_.set_option(boost::asio::ip::v6_only(true), error);
    // Connections inherit it: no replies held back by Nagle's algorithm.
    if (!error) socket_.set_option(tcp::no_delay(true), error);
    if (!error) socket_.bind(where, error);
    if (!error) socket_.listen(SOMAXCONN, error);
    if (!error) return {};
    const bool permission = error.value() == EACCES;
    return fail(permission ? ErrorCode::not_permitted : ErrorCode::failed,
                "cannot listen on {}: {}{}", endpoint.text(), error.message(),
                permission ? "; a port below 1024 needs CAP_NET_BIND_SERVICE" : "");
}

Endpoint Acceptor::endpoint() const {
    error_code ignored;
    const TcpEndpoint where = socket_.local_endpoint(ignored);
    const auto address = IpAddress::parse(where.address().to_string());
    return {address.value_or(IpAddress()), where.port()};
}

void Acceptor::start() {
    await();
}

void Acceptor::stop() {
    error_code ignored;
    socket_.close(ignored);
    pause_.cancel();
}

void Acceptor::await() {
    if (!socket_.is_open()) return;
    socket_.async_wait(Socket::wait_read, [this](error_code error) {
        if (!error) accept_all();
    });
}

/// Takes those who wait, but not so many that the others starve.
void Acceptor::accept_all() {
    constexpr int at_once = 64;
    for (int i = 0; i < at_once; ++i) {
        sockaddr_storage peer{};
        socklen_t octets = sizeof peer;
        const int client = accept4(socket_.native_handle(), reinterpret_cast<sockaddr*>(&peer),
                                   &octets, SOCK_CLOEXEC);
        if (client >= 0) {
            TcpSocket socket(socket_.get_executor());
            error_code error;
            socket.assign(peer.ss_family == AF_INET ? tcp::v4() : tcp::v6(), client, error);
            if (error)
                close(client);
            else
                accepted_(std::move(socket), address_of(peer));
            if (!socket_.is_open()) return;
            continue;
        }
        const int why = errno;
        if (why == EAGAIN || why == EWOULDBLOCK) break;
        if (why == EINTR || why == ECONNABORTED || why == EPROTO) continue;
        tell_of(why);
        if ((why == EMFILE || why == ENFILE) && turn_one_away()) continue;
        return pause();
    }
    await();
}

/// The client gets no answer, but neither does he wait for one.
bool Acceptor::turn_one_away() {
    if (spare_ < 0) return false;
    close(spare_);
    const int client = accept4(socket_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) close(client);
    spare_ = open_spare();
    return client >= 0 && spare_ >= 0;
}

void Acceptor::pause() {
    if (spare_ < 0) spare_ = open_spare();
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([this](error_code error) {
        if (!error) await();
    });
}

void Acceptor::tell_of(int error) {
    constexpr auto between_warnings = std::chrono::minutes(1);
    const auto now = steady_clock::now();
    if (told_ && now - *told_ < between_warnings) return;
    told_ = now;
    guard::LogRecord record("session");
    record.add("event", "cannot accept").add("detail", std::strerror(error));
    record.write(log_, guard::LogLevel::error);
}

}  // namespace smtpblock::net
