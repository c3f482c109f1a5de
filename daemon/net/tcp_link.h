// A TCP connection. Reads when bytes are there into one buffer that all connections of the thread
// share, and writes at once, so that a connection that waits owns no memory of its own.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/net/link.h"

namespace smtpblock::net {

using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
using TcpEndpoint = boost::asio::ip::tcp::endpoint;

class TcpLink : public Link, public std::enable_shared_from_this<TcpLink> {
public:
    /// A connection that is there.
    TcpLink(TcpSocket socket, LinkEvents& events);
    /// One that connect() is to make.
    TcpLink(IoContext& io, LinkEvents& events);

    /// To the first address of `host` (a name, or an address) that answers.
    void connect(const std::string& host, std::uint16_t port);

    std::size_t write(std::string_view bytes) override;
    void read(bool wanted) override;
    void close() override;

    /// Takes and forgets what the peer has sent but nobody wants, since a close() with it unread
    /// would reset the connection and could lose our last words. True when there was any.
    bool discard();
    void shutdown_writing();

private:
    void resolved(std::vector<TcpEndpoint> endpoints);
    void try_next();
    void await_readable();
    void await_writable();
    void on_readable();
    void fail(std::string why);

    using Resolver = boost::asio::ip::basic_resolver<boost::asio::ip::tcp, Executor>;

    TcpSocket socket_;
    LinkEvents* events_;  ///< null once closed
    std::unique_ptr<Resolver> resolver_;
    std::vector<TcpEndpoint> left_to_try_;  ///< the next one last
    bool wants_read_ = false;
    bool awaits_read_ = false;
    bool awaits_write_ = false;
    bool saw_eof_ = false;
};

}  // namespace smtpblock::net
