// Where a listener's sessions are passed on to, and what is known of it.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <string>

#include "common/endpoint.h"
#include "daemon/guard/log.h"
#include "daemon/maildir/server.h"
#include "daemon/net/link.h"
#include "daemon/net/tls/client.h"
#include "daemon/smtp/upstream_profile.h"

namespace smtpblock::net {

class Upstream {
public:
    enum class Verify : std::uint8_t { no, yes };

    /// `maildir` is looked at when the address is one, `verify` where TLS is wanted.
    Upstream(IoContext& io, boost::asio::thread_pool& workers, guard::Log& log,
             UpstreamAddress address, maildir::ServerOptions maildir, Verify verify);

    /// A link on its way there; what becomes of it is told to `events`. `client` is the address of
    /// the client for whom it is made.
    std::shared_ptr<Link> connect(LinkEvents& events, const std::string& client);

    /// Begins TLS on a link that connect() gave.
    void begin_tls(Link& link);

    const UpstreamAddress& address() const { return address_; }
    smtp::UpstreamProfile& profile() { return profile_; }

private:
    IoContext& io_;
    boost::asio::thread_pool& workers_;
    guard::Log& log_;
    const UpstreamAddress address_;
    const maildir::ServerOptions maildir_;
    const Verify verify_;
    std::unique_ptr<tls::Client> tls_;  ///< null until it is wanted
    smtp::UpstreamProfile profile_;
};

}  // namespace smtpblock::net
