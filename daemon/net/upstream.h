// Where a listener's sessions are passed on to, and what is known of it.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <string>

#include "common/endpoint.h"
#include "daemon/guard/log.h"
#include "daemon/maildir/server.h"
#include "daemon/net/link.h"
#include "daemon/smtp/upstream_profile.h"

namespace smtpblock::net {

class Upstream {
public:
    /// `maildir` is looked at when the address is one.
    Upstream(IoContext& io, boost::asio::thread_pool& workers, guard::Log& log,
             UpstreamAddress address, maildir::ServerOptions maildir);

    /// A link on its way there; what becomes of it is told to `events`. `client` is the address of
    /// the client for whom it is made.
    std::shared_ptr<Link> connect(LinkEvents& events, const std::string& client);

    const UpstreamAddress& address() const { return address_; }
    smtp::UpstreamProfile& profile() { return profile_; }

private:
    IoContext& io_;
    boost::asio::thread_pool& workers_;
    guard::Log& log_;
    const UpstreamAddress address_;
    const maildir::ServerOptions maildir_;
    smtp::UpstreamProfile profile_;
};

}  // namespace smtpblock::net
