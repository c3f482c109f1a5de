// A connection over TCP or a unix socket, in clear text or, from a moment on, in TLS. Reads when
// bytes are there into one buffer that all connections of the thread share, and writes at once, so
// that a connection that waits owns no memory of its own.
//
// Once TLS has begun, what comes is read by TLS or thrown away: never handed on as it came.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/descriptor.h"
#include "daemon/net/link.h"
#include "daemon/net/tls/stream.h"

namespace smtpblock::net {

using TcpEndpoint = boost::asio::ip::tcp::endpoint;

class StreamLink : public Link, public std::enable_shared_from_this<StreamLink> {
public:
    /// A connection that is there, of that address family.
    StreamLink(IoContext& io, Descriptor socket, int family, LinkEvents& events);
    /// One that connect() is to make.
    StreamLink(IoContext& io, LinkEvents& events);

    /// To the first address of `host` (a name, or an address) that answers.
    void connect(const std::string& host, std::uint16_t port);
    /// To a unix socket.
    void connect(const std::string& path);

    std::size_t write(std::string_view bytes) override;
    void read(bool wanted) override;
    void begin_tls(tls::Ssl ssl) override;
    void tell(LinkEvents& events) override { events_ = &events; }
    void close() override;

    /// Takes and forgets what the peer has sent but nobody wants, since a close() with it unread
    /// would reset the connection and could lose our last words. True when there was any.
    bool discard();
    /// Something has come that is not handed on yet: bytes, or the end.
    bool has_input();
    /// We say no more. What is read from now on is forgotten too; its end is told.
    void leave();

private:
    using Protocol = boost::asio::generic::stream_protocol;
    using Socket = boost::asio::basic_stream_socket<Protocol, Executor>;
    using Resolver = boost::asio::ip::basic_resolver<boost::asio::ip::tcp, Executor>;

    /// How one try to read or to write went; `failed` has left its reason in why_.
    using State = tls::Stream::State;

    void resolved(const std::vector<TcpEndpoint>& endpoints);
    void try_next();
    void await_read(Socket::wait_type what);
    void await_write(Socket::wait_type what);
    void on_ready_to_read();
    void handshake();
    void receive();
    State receive_some(char* buffer, std::size_t size, std::size_t& octets);
    State send_some(std::string_view bytes, std::size_t& octets);
    /// By errno.
    State failed_or(State would_block);
    void fail(std::string why);

    Socket socket_;
    LinkEvents* events_;  ///< null once closed
    std::unique_ptr<Resolver> resolver_;
    std::vector<Protocol::endpoint> left_to_try_;  ///< the next one last
    std::unique_ptr<tls::Stream> tls_;             ///< null before TLS
    std::string why_;
    Socket::wait_type read_waits_for_ = Socket::wait_read;
    bool handshaking_ = false;
    bool wants_read_ = false;
    bool awaits_read_ = false;
    bool awaits_write_ = false;
    /// Bytes have been taken off the socket that were not handed on, so waiting for it is not
    /// enough.
    bool has_unread_ = false;
    bool saw_eof_ = false;
    bool leaving_ = false;
};

}  // namespace smtpblock::net
