#include "daemon/net/front/proxy_reader.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "daemon/smtp/proxy_header.h"

namespace smtpblock::net {
namespace {

using boost::system::error_code;
using State = smtp::ProxyHeader::State;

/// A proxy sends its header at once.
constexpr auto patience = std::chrono::seconds(5);
/// More than any header.
constexpr std::size_t look_octets = 256;

}  // namespace

ProxyReader::ProxyReader(IoContext& io, Arrival arrival, Done done, Failed failed)
    : arrival_(std::move(arrival)),
      done_(std::move(done)),
      failed_(std::move(failed)),
      waiter_(io),
      patience_(io) {}

void ProxyReader::start() {
    const int copy = fcntl(arrival_.socket.number(), F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return fail(std::strerror(errno));
    error_code error;
    waiter_.assign({arrival_.family, 0}, copy, error);
    if (error) return fail(error.message());
    patience_.expires_after(patience);
    patience_.async_wait([self = shared_from_this()](error_code stopped) {
        if (!stopped) self->fail("none came within 5 s");
    });
    await();
}

void ProxyReader::stop() {
    error_code ignored;
    waiter_.close(ignored);
    patience_.cancel();
    done_ = nullptr;
    failed_ = nullptr;
}

void ProxyReader::await() {
    waiter_.async_wait(Waiter::wait_read, [self = shared_from_this()](error_code error) {
        if (!error) self->look();
    });
}

/// What is no header yet is taken off, since a socket with unread octets would be ready for ever.
void ProxyReader::look() {
    std::array<char, look_octets> octets;
    const auto seen =
        recv(arrival_.socket.number(), octets.data(), octets.size(), MSG_PEEK | MSG_DONTWAIT);
    if (seen < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return await();
    if (seen < 0) return fail(std::strerror(errno));
    if (seen == 0) return fail(head_.empty() ? "closed without one" : "closed within it");
    const std::size_t before = head_.size();
    head_.append(octets.data(), static_cast<std::size_t>(seen));
    const auto header = smtp::ProxyHeader::parse(head_);
    if (header.state == State::malformed) return fail("it is none");
    const std::size_t whole = header.state == State::more ? head_.size() : header.octets;
    if (recv(arrival_.socket.number(), octets.data(), whole - before, MSG_DONTWAIT) !=
        static_cast<ssize_t>(whole - before))
        return fail("it cannot be read");
    if (header.state == State::more) return await();

    if (header.client) {
        arrival_.client = *header.client;
        arrival_.is_local = false;
    }
    const Done done = std::move(done_);
    stop();
    if (done) done(std::move(arrival_));
}

void ProxyReader::fail(std::string_view why) {
    const Failed failed = std::move(failed_);
    stop();
    if (failed) failed(arrival_, why);
}

}  // namespace smtpblock::net
