// Takes the clients that wait at one listening socket and hands them over. Out of descriptors, it
// gives up a spare one to take each new client and turn him away, instead of being woken for ever
// by one that it cannot take.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "daemon/guard/log.h"
#include "daemon/net/front/arrival.h"
#include "daemon/net/front/listening_socket.h"
#include "daemon/net/link.h"

namespace smtpblock::net {

class Acceptor : public std::enable_shared_from_this<Acceptor> {
public:
    using Accepted = std::function<void(Arrival)>;

    Acceptor(IoContext& io, guard::Log& log, ListeningSocket socket);
    ~Acceptor();
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;

    const ListeningSocket& socket() const { return *socket_; }
    /// Clients go there from now on.
    void start(Accepted accepted);
    /// They wait until the next start().
    void pause();
    /// Nobody is queued any more.
    void close();

private:
    using Waiter =
        boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, Executor>;

    void await();
    void accept_all();
    bool turn_one_away();
    void rest();
    void tell_of(int error);

    guard::Log& log_;
    std::optional<ListeningSocket> socket_;
    Waiter waiter_;      ///< on a copy of the descriptor
    Accepted accepted_;  ///< none: paused
    bool waits_ = false;
    Timer rest_;
    int spare_ = -1;
    std::optional<std::chrono::steady_clock::time_point> told_;
};

}  // namespace smtpblock::net
