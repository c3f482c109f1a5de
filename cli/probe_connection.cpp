#include "cli/probe_connection.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "cli/poll_until.h"
#include "common/endpoint.h"
#include "common/ip_address.h"
#include "common/text.h"

namespace smtpblock {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto failed = ErrorCode::failed;
constexpr std::string_view unix_prefix = "unix:";

std::optional<std::uint16_t> port_of(std::string_view digits) {
    const auto port = parse_port(digits);
    return port && *port != 0 ? port : std::nullopt;
}

Failure no_server(std::string_view written) {
    return fail(ErrorCode::bad_input,
                "{}: no server; write HOST, HOST:PORT, [IPv6]:PORT or unix:PATH", quoted(written));
}

/// A connected socket that does not block, or why there is none.
Result<Descriptor> connected(const sockaddr* address, socklen_t length, milliseconds patience) {
    Descriptor socket(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.open()) return fail(failed, "{}", std::strerror(errno));
    if (::connect(socket.number(), address, length) == 0) return socket;
    if (errno != EINPROGRESS) return fail(failed, "{}", std::strerror(errno));
    auto answered = poll_until(socket.number(), POLLOUT, Clock::now() + patience);
    if (!answered) return std::move(answered).failure();
    if (!*answered) return fail(failed, "no answer for {} s", patience.count() / 1000);
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(failed, "{}", std::strerror(error));
    return socket;
}

Result<Descriptor> connected_to_path(const std::string& path, milliseconds patience) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return fail(failed, "the path is too long");
    path.copy(address.sun_path, path.size());
    sockaddr_storage storage{};
    std::memcpy(&storage, &address, sizeof address);
    return connected(reinterpret_cast<const sockaddr*>(&storage), sizeof address, patience);
}

Result<Descriptor> connected_to_host(const ProbeServer& server, milliseconds patience) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error =
        ::getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &hints, &found);
    if (error != 0) return fail(failed, "{}", ::gai_strerror(error));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
    std::optional<Failure> first;
    for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
        auto socket = connected(at->ai_addr, at->ai_addrlen, patience);
        if (socket) return socket;
        if (!first) first = std::move(socket).failure();
    }
    if (!first) return fail(failed, "no address");
    return std::move(*first);
}

}  // namespace

Result<ProbeServer> ProbeServer::parse(std::string_view written) {
    ProbeServer server;
    if (written.starts_with(unix_prefix)) {
        server.path = written.substr(unix_prefix.size());
        if (server.path.empty()) return no_server(written);
        return server;
    }
    std::string_view host = written;
    const auto colon = written.rfind(':');
    const bool bracketed = written.starts_with('[');
    // Without brackets an IPv6 address has no port: nobody could tell which colon is the port's.
    const bool has_port = colon != std::string_view::npos &&
                          (bracketed ? colon > written.find(']') : written.find(':') == colon);
    if (has_port) {
        const auto port = port_of(written.substr(colon + 1));
        if (!port) return no_server(written);
        server.port = *port;
        server.has_port = true;
        host = written.substr(0, colon);
    }
    if (bracketed) {
        if (!host.ends_with(']')) return no_server(written);
        host = host.substr(1, host.size() - 2);
    }
    const auto address = IpAddress::parse(host);
    const bool is_v6 = address && host.find(':') != std::string_view::npos;
    if (host.empty() || (!is_v6 && (bracketed || host.find(':') != std::string_view::npos)))
        return no_server(written);
    server.host = host;
    return server;
}

std::string ProbeServer::text() const {
    if (!path.empty()) return fmt::format("{}{}", unix_prefix, path);
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                               : fmt::format("[{}]:{}", host, port);
}

Result<ProbeConnection> ProbeConnection::open(const ProbeServer& server, milliseconds patience) {
    auto socket = server.path.empty() ? connected_to_host(server, patience)
                                      : connected_to_path(server.path, patience);
    if (!socket)
        return fail(failed, "{}: cannot connect: {}", quoted(server.text()),
                    socket.error().message);
    return ProbeConnection(*std::move(socket), server.text(), patience);
}

Result<void> ProbeConnection::send(std::string_view bytes) {
    until_ = Clock::now() + patience_;
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN)
            return fail(failed, "{}: cannot send: {}", quoted(server_), std::strerror(errno));
        if (auto waited = wait_until_ready(POLLOUT); !waited) return waited;
    }
    return {};
}

Result<std::string> ProbeConnection::receive() {
    std::array<char, 1U << 14U> buffer{};
    while (true) {
        // Waits first, so that a server that trickles comes to the end of patience as well.
        if (auto waited = wait_until_ready(POLLIN); !waited) return std::move(waited).failure();
        const ssize_t got = ::recv(socket_.number(), buffer.data(), buffer.size(), 0);
        if (got >= 0) return std::string(buffer.data(), static_cast<std::size_t>(got));
        if (errno == EINTR || errno == EAGAIN) continue;
        return fail(failed, "{}: cannot receive: {}", quoted(server_), std::strerror(errno));
    }
}

Result<void> ProbeConnection::wait_until_ready(short events) {
    const auto is_ready = poll_until(socket_.number(), events, until_);
    if (!is_ready) return Failure(is_ready.error());
    if (!*is_ready)
        return fail(failed, "{}: no answer for {} s; it may be busy, try again", quoted(server_),
                    patience_.count() / 1000);
    return {};
}

}  // namespace smtpblock
