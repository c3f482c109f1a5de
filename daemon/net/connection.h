// Performs what one session wants: reads, writes, connects, closes and keeps its time. After each
// event it looks at both sides until nothing more can be done now; no decision is taken here but
// which upstream it gets.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/guard/log.h"
#include "daemon/net/conversation.h"
#include "daemon/net/front/arrival.h"
#include "daemon/net/front/session_count.h"
#include "daemon/net/link.h"
#include "daemon/net/listener.h"
#include "daemon/net/stream_link.h"
#include "daemon/smtp/session.h"

namespace smtpblock::net {

class Connection : public Conversation,
                   public LinkEvents,
                   public std::enable_shared_from_this<Connection> {
public:
    Connection(Environment environment, Arrival arrival, SessionCount::Place place,
               const smtp::ClientInfo& client);

    void start() override;
    void drain() override;
    void abandon() override;

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
    bool find_upstream();
    bool reuse_upstream();
    void try_next_upstream();
    void limit_try();
    void on_unreachable(std::string_view why);
    void on_reached();
    bool keep_upstream();
    void tell_of_upstream(std::string_view state, std::string_view detail, guard::LogLevel level);
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

    const smtp::SessionOptions& options() const {
        return environment_.service->listener->options.session;
    }

    Environment environment_;
    std::optional<SessionCount::Place> place_;
    const std::string session_id_;
    std::unique_ptr<smtp::Session> session_;  ///< null once it is over
    std::shared_ptr<Link> client_;
    std::shared_ptr<Link> upstream_;
    /// The client's link once the session has parted from it, until it has read our last words.
    std::shared_ptr<StreamLink> parting_;
    /// The place of the one that upstream_ is, or is to be, connected to.
    std::size_t upstream_place_ = 0;
    std::vector<std::size_t> other_upstreams_;  ///< to be tried when it cannot be reached
    smtp::Instant tried_since_;
    bool reached_ = false;
    std::unique_ptr<Timer> try_timer_;  ///< null unless there are others
    bool client_in_tls_ = false;
    bool upstream_in_tls_ = false;
    Timer timer_;
    smtp::Instant timer_due_ = smtp::Instant::max();
    bool ended_ = false;
};

}  // namespace smtpblock::net
