#include "daemon/net/front/acceptor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/guard/log_record.h"

namespace smtpblock::net {

using boost::system::error_code;
using std::chrono::steady_clock;

namespace {

int open_spare() {
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

}  // namespace

Acceptor::Acceptor(IoContext& io, guard::Log& log, ListeningSocket socket)
    : log_(log), socket_(std::move(socket)), waiter_(io), rest_(io), spare_(open_spare()) {
    // Asio closes what it is given.
    waiter_.assign({socket_->family(), 0}, ::fcntl(socket_->number(), F_DUPFD_CLOEXEC, 0));
}

Acceptor::~Acceptor() {
    if (spare_ >= 0) ::close(spare_);
}

void Acceptor::start(Accepted accepted) {
    accepted_ = std::move(accepted);
    await();
}

void Acceptor::pause() {
    accepted_ = nullptr;
}

void Acceptor::close() {
    pause();
    error_code ignored;
    waiter_.close(ignored);
    rest_.cancel();
    socket_.reset();
}

void Acceptor::await() {
    if (!accepted_ || std::exchange(waits_, true)) return;
    waiter_.async_wait(Waiter::wait_read, [self = shared_from_this()](error_code error) {
        self->waits_ = false;
        if (!error) self->accept_all();
    });
}

/// Takes those who wait, but not so many that the others starve.
void Acceptor::accept_all() {
    constexpr int at_once = 64;
    for (int i = 0; accepted_ && i < at_once; ++i) {
        if (auto arrival = socket_->accept()) {
            accepted_(*std::move(arrival));
            continue;
        }
        const int why = errno;
        if (why == EAGAIN || why == EWOULDBLOCK) break;
        if (why == EINTR || why == ECONNABORTED || why == EPROTO) continue;
        tell_of(why);
        if ((why == EMFILE || why == ENFILE) && turn_one_away()) continue;
        return rest();
    }
    await();
}

/// The client gets no answer, but neither does he wait for one.
bool Acceptor::turn_one_away() {
    if (spare_ < 0) return false;
    ::close(spare_);
    const bool any = socket_->accept().has_value();
    spare_ = open_spare();
    return any && spare_ >= 0;
}

void Acceptor::rest() {
    if (spare_ < 0) spare_ = open_spare();
    rest_.expires_after(std::chrono::milliseconds(100));
    rest_.async_wait([self = shared_from_this()](error_code error) {
        if (!error) self->await();
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
