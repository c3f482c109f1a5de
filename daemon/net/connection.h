// Performs what one session wants: reads, writes, connects, closes and keeps its time. After each
// event it looks at both sides until nothing more can be done now; no decision is taken here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "common/ip_address.h"
#include "daemon/guard/log.h"
#include "daemon/net/link.h"
#include "daemon/net/maildir_link.h"
#include "daemon/net/stream_link.h"
#include "daemon/net/tls/server.h"
#include "daemon/net/upstream.h"
#include "daemon/smtp/session.h"

namespace smtpblock::net {

class Connection;

/// Who keeps connections; told once of each that has ended.
class ConnectionOwner {
public:
    virtual ~ConnectionOwner() = default;
    virtual void on_connection_ended(Connection& connection) = 0;
};

class Connection : public LinkEvents, public std::enable_shared_from_this<Connection> {
public:
    /// Everything that is referred to must outlive the connection.
    struct Environment {
        IoContext& io;
        const smtp::SessionOptions& options;
        smtp::Policy& policy;
        Upstream& upstream;
        /// The listener's, and null where it has no TLS. Another one when certificates are read
        /// again.
        const std::unique_ptr<tls::Server>& tls;
        guard::Log& log;
        ConnectionOwner& owner;
    };

    Connection(const Environment& environment, TcpSocket socket, const IpAddress& address,
               const smtp::ClientInfo& client);

    const IpAddress& client_address() const { return address_; }

    void start();
    /// The daemon is stopping; the second time, at once.
    void drain();
    /// Ends it whatever the session wants.
    void abandon();

private:
    void on_link_connected(Link& link) override;
    void on_link_tls(Link& link) override;
    void on_link_bytes(Link& link, std::string_view bytes) override;
    void on_link_writable(Link& link) override;
    void on_link_eof(Link& link) override;
    void on_link_closed(Link& link, std::string_view why) override;

    template <class Event>
    void happen(Event event);
    void pump();
    bool write(smtp::Side side);
    bool close_what_shall_close();
    void read(smtp::Side side);
    void begin_tls(smtp::Side side);
    void keep_time();
    void on_timer();
    void part_from_client();
    void end_if_over();
    std::shared_ptr<Link>& link(smtp::Side side) {
        return side == smtp::Side::client ? client_ : upstream_;
    }
    smtp::Side side_of(const Link& link) const {
        return &link == client_.get() ? smtp::Side::client : smtp::Side::upstream;
    }

    Environment environment_;
    const IpAddress address_;
    std::unique_ptr<smtp::Session> session_;  ///< null once it is over
    std::shared_ptr<Link> client_;
    std::shared_ptr<Link> upstream_;
    /// The client's link once the session has parted from it, until it has read our last words.
    std::shared_ptr<StreamLink> parting_;
    bool client_in_tls_ = false;
    bool upstream_in_tls_ = false;
    Timer timer_;
    smtp::Instant timer_due_ = smtp::Instant::max();
    bool ended_ = false;
};

}  // namespace smtpblock::net
