// One talk with an upstream through which nothing is sent: what a Learner asks, over a link.
#pragma once

#include <functional>
#include <memory>

#include "daemon/net/behind/upstream.h"
#include "daemon/net/link.h"
#include "daemon/smtp/learner.h"

namespace smtpblock::net {

class Inquiry : public LinkEvents, public std::enable_shared_from_this<Inquiry> {
public:
    using Ended = std::function<void(const smtp::Learner&)>;

    /// The upstream must outlive it.
    Inquiry(IoContext& io, const Upstream& upstream, smtp::LearnerOptions options);
    ~Inquiry() override { stop(); }
    Inquiry(const Inquiry&) = delete;
    Inquiry& operator=(const Inquiry&) = delete;

    /// `ended` is called once, later; not after stop().
    void start(Ended ended);
    void stop();

private:
    void on_link_connected(Link& link) override;
    void on_link_tls(Link& link) override;
    void on_link_bytes(Link& link, std::string_view bytes) override;
    void on_link_writable(Link& link) override;
    void on_link_eof(Link& link) override;
    void on_link_closed(Link& link, std::string_view why) override;

    void pump();
    void end();

    IoContext& io_;
    const Upstream& upstream_;
    smtp::Learner learner_;
    Ended ended_;
    std::shared_ptr<Link> link_;
    Timer timer_;
    bool in_tls_ = false;
};

}  // namespace smtpblock::net
