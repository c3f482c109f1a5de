// One of a listener's upstreams, and the way there. For any thread.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <string>

#include "common/endpoint.h"
#include "daemon/guard/log.h"
#include "daemon/maildir/server.h"
#include "daemon/net/link.h"
#include "daemon/net/tls/client.h"
#include "daemon/smtp/session_options.h"

namespace smtpblock::net {

class Upstream {
public:
    struct Options {
        UpstreamAddress address;
        smtp::UpstreamTls tls = smtp::UpstreamTls::none;
        bool verify = true;              ///< its certificate
        maildir::ServerOptions maildir;  ///< where the address is one
    };

    /// The pool is for what waits for a disk; it and the log must outlive all links.
    Upstream(Options options, boost::asio::thread_pool& jobs, guard::Log& log);

    /// A link on its way there; what becomes of it is told to `events`, in the thread of `io`.
    /// `client` is the address of the client for whom it is made.
    std::shared_ptr<Link> connect(IoContext& io, LinkEvents& events,
                                  const std::string& client) const;

    /// Begins TLS on a link that connect() gave, which must not outlive this object.
    void begin_tls(Link& link) const;

    const UpstreamAddress& address() const { return address_; }

private:
    const UpstreamAddress address_;
    const std::shared_ptr<const maildir::ServerOptions> maildir_;  ///< null unless it is one
    const std::unique_ptr<tls::Client> tls_;                       ///< null without TLS
    boost::asio::thread_pool& jobs_;
    guard::Log& log_;
};

}  // namespace smtpblock::net
