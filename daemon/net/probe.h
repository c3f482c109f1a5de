// Asks an upstream how it greets: before the first client is taken, and, when that failed, again
// and again in the background until it or a real connection has learnt it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/net/maildir_link.h"
#include "daemon/net/upstream.h"
#include "daemon/smtp/learner.h"

namespace smtpblock::net {

class Probe : public LinkEvents {
public:
    /// Everything must outlive the probe. `hostname` is what it greets with.
    Probe(IoContext& io, Upstream& upstream, guard::Log& log, const smtp::SessionOptions& options);
    ~Probe() override;

    /// `tried` is called once: when the first try has ended, or after a while without.
    void start(std::function<void()> tried);
    void stop();

private:
    void on_link_connected(Link& link) override;
    void on_link_tls(Link& link) override;
    void on_link_bytes(Link& link, std::string_view bytes) override;
    void on_link_writable(Link& link) override;
    void on_link_eof(Link& link) override;
    void on_link_closed(Link& link, std::string_view why) override;

    void try_now();
    void pump();
    void end_try();
    void tell_tried();
    void tell(guard::LogLevel level, std::string_view state, std::string_view detail);

    Upstream& upstream_;
    guard::Log& log_;
    const smtp::SessionOptions& options_;
    std::function<void()> tried_;
    std::optional<smtp::Learner> learner_;
    std::shared_ptr<Link> link_;
    Timer try_timer_;
    Timer first_try_timer_;
    std::chrono::seconds pause_{1};  ///< before the next try
    bool in_tls_ = false;
    bool told_learnt_ = false;
};

}  // namespace smtpblock::net
