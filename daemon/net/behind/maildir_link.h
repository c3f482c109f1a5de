// The embedded upstream as a link: bytes go to it in memory, and its jobs (a disk, a password) run
// on a pool of threads of their own and come back as events.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <string>

#include "daemon/guard/log.h"
#include "daemon/maildir/server.h"
#include "daemon/net/link.h"

namespace smtpblock::net {

class MaildirLink : public Link, public std::enable_shared_from_this<MaildirLink> {
public:
    using Options = std::shared_ptr<const maildir::ServerOptions>;

    MaildirLink(IoContext& io, boost::asio::thread_pool& jobs, guard::Log& log, Options options,
                std::string client, LinkEvents& events);

    void connect();

    std::size_t write(std::string_view bytes) override;
    void read(bool wanted) override;
    void begin_tls(tls::Ssl ssl) override;
    void tell(LinkEvents& events) override { events_ = &events; }
    void close() override;

private:
    void after_event();
    void schedule();
    void deliver();

    IoContext& io_;
    boost::asio::thread_pool& jobs_;
    guard::Log& log_;
    LinkEvents* events_;  ///< null once closed
    const Options options_;
    maildir::Server server_;
    Timer timer_;
    bool connecting_ = false;
    bool wants_read_ = false;
    bool scheduled_ = false;
    bool owes_writable_ = false;  ///< it took fewer bytes than it was given
    bool timing_ = false;
};

}  // namespace smtpblock::net
