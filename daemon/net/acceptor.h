// Listens on one address and hands over who connects. Out of descriptors, it gives up a spare one
// to take each new client and turn him away, instead of being woken for ever by one that it cannot
// take.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "common/endpoint.h"
#include "common/result.h"
#include "daemon/guard/log.h"
#include "daemon/net/maildir_link.h"
#include "daemon/net/stream_link.h"

namespace smtpblock::net {

class Acceptor {
public:
    using Accepted = std::function<void(TcpSocket, const IpAddress&)>;

    Acceptor(IoContext& io, guard::Log& log, Accepted accepted);
    ~Acceptor();
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;

    /// Binds, so that clients are queued from now on. Errors: not_permitted, failed.
    Result<void> listen(const Endpoint& endpoint);
    /// The port is the real one.
    Endpoint endpoint() const;
    void start();
    void stop();

private:
    using Socket = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;

    void await();
    void accept_all();
    bool turn_one_away();
    void pause();
    void tell_of(int error);

    guard::Log& log_;
    Accepted accepted_;
    Socket socket_;
    Timer pause_;
    int spare_ = -1;
    std::optional<std::chrono::steady_clock::time_point> told_;
};

}  // namespace smtpblock::net
