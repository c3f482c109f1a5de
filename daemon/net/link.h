// One end of a conversation: a connection, or the embedded upstream in this process. Who owns a
// link is told what happens to it through LinkEvents, always from the event loop and never from
// inside a call to the link, so that nothing is entered twice.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/wait_traits.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

#include "daemon/net/tls/openssl.h"

namespace smtpblock::net {

using IoContext = boost::asio::io_context;
/// The concrete type: the type-erased one costs on every operation.
using Executor = IoContext::executor_type;
using Timer = boost::asio::basic_waitable_timer<
    std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

class Link;

class LinkEvents {
public:
    virtual ~LinkEvents() = default;
    virtual void on_link_connected(Link& link) = 0;
    /// The handshake is done: from now on bytes are those inside TLS.
    virtual void on_link_tls(Link& link) = 0;
    /// `bytes` live during the call only.
    virtual void on_link_bytes(Link& link, std::string_view bytes) = 0;
    /// It takes bytes again, after it took fewer than it was given.
    virtual void on_link_writable(Link& link) = 0;
    /// The peer will send no more; it may still read.
    virtual void on_link_eof(Link& link) = 0;
    /// It broke, or could not be made. Nothing follows.
    virtual void on_link_closed(Link& link, std::string_view why) = 0;
};

class Link {
public:
    virtual ~Link() = default;
    /// Takes what it can of `bytes` now and says how much. When that is not all,
    /// on_link_writable() or on_link_closed() follows.
    virtual std::size_t write(std::string_view bytes) = 0;
    /// Bytes are wanted from now on, or no more of them.
    virtual void read(bool wanted) = 0;
    /// Begins the handshake at once: all must have been written. on_link_tls() or on_link_closed()
    /// follows; when it takes too long is for the caller to say.
    virtual void begin_tls(tls::Ssl ssl) = 0;
    /// Events go there from now on.
    virtual void tell(LinkEvents& events) = 0;
    /// No event follows. What the peer has not been sent yet is dropped.
    virtual void close() = 0;
};

}  // namespace smtpblock::net
