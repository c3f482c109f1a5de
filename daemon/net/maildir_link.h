// The embedded upstream as a link: bytes go to it in memory, and its jobs (a disk, a password) run
// on a pool of threads of their own and come back as events.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/wait_traits.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "daemon/guard/log.h"
#include "daemon/maildir/server.h"
#include "daemon/net/link.h"

namespace smtpblock::net {

using Timer = boost::asio::basic_waitable_timer<
    std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

class MaildirLink : public Link, public std::enable_shared_from_this<MaildirLink> {
public:
    MaildirLink(IoContext& io, boost::asio::thread_pool& workers, guard::Log& log,
                const maildir::ServerOptions& options, std::string client, LinkEvents& events);

    void connect();

    std::size_t write(std::string_view bytes) override;
    void read(bool wanted) override;
    void begin_tls(tls::Ssl ssl) override;
    void close() override;

private:
    void after_event();
    void schedule();
    void deliver();

    IoContext& io_;
    boost::asio::thread_pool& workers_;
    guard::Log& log_;
    LinkEvents* events_;  ///< null once closed
    maildir::Server server_;
    Timer timer_;
    bool connecting_ = false;
    bool wants_read_ = false;
    bool scheduled_ = false;
    bool owes_writable_ = false;  ///< it took fewer bytes than it was given
    bool timing_ = false;
};

}  // namespace smtpblock::net
