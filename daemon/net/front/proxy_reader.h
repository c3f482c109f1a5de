// Takes the PROXY header that a connection begins with off its socket, and nothing that stands
// behind it, so that whoever gets the connection next finds it as if there had been none.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/net/front/arrival.h"
#include "daemon/net/link.h"

namespace smtpblock::net {

class ProxyReader : public std::enable_shared_from_this<ProxyReader> {
public:
    /// Who the client is by the header; where it names none, as he came.
    using Done = std::function<void(Arrival)>;
    /// There is no whole header: the connection is closed behind this call. `why` is for the log.
    using Failed = std::function<void(const Arrival&, std::string_view why)>;

    /// Exactly one of the two is called behind start(), and none after stop().
    ProxyReader(IoContext& io, Arrival arrival, Done done, Failed failed);
    ProxyReader(const ProxyReader&) = delete;
    ProxyReader& operator=(const ProxyReader&) = delete;

    void start();
    void stop();

private:
    using Waiter =
        boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, Executor>;

    void await();
    void look();
    void fail(std::string_view why);

    Arrival arrival_;
    Done done_;
    Failed failed_;
    Waiter waiter_;  ///< on a copy of the descriptor
    Timer patience_;
    std::string head_;  ///< what is taken of a header that is not whole yet
};

}  // namespace smtpblock::net
