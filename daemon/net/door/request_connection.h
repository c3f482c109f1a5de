// Performs one exchange of requests and answers (daemon/door) over a connection: reads, writes,
// keeps its time and ends it. What is asked and answered is not known here. While it waits for the
// next request it owns no memory to read into.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "daemon/door/exchange.h"
#include "daemon/net/conversation.h"
#include "daemon/net/front/arrival.h"
#include "daemon/net/front/session_count.h"
#include "daemon/net/stream_link.h"
#include "daemon/smtp/session_options.h"

namespace smtpblock::net {

class RequestConnection : public Conversation,
                          public LinkEvents,
                          public std::enable_shared_from_this<RequestConnection> {
public:
    /// The listener of the service has a door.
    RequestConnection(Environment environment, Arrival arrival, SessionCount::Place place,
                      const smtp::ClientInfo& asker);

    void start() override;
    void drain() override;
    void retire(const Service& service) override;
    void abandon() override;

private:
    void on_link_connected(Link&) override {}
    void on_link_tls(Link&) override {}
    void on_link_bytes(Link& link, std::string_view bytes) override;
    void on_link_writable(Link& link) override;
    void on_link_eof(Link& link) override;
    void on_link_closed(Link& link, std::string_view why) override;

    template <class Event>
    void happen(Event event);
    void leave(bool at_once);
    void pump(smtp::Instant now);
    smtp::Instant deadline() const;
    void keep_time();
    void on_timer();
    void tell(guard::LogLevel level, std::string_view event, std::string_view detail);

    Environment environment_;
    std::optional<SessionCount::Place> place_;
    const door::Asker asker_;
    std::unique_ptr<door::Exchange> exchange_;  ///< null once it is over
    std::shared_ptr<StreamLink> link_;
    bool leaving_ = false;  ///< ends when nothing is under way
    /// A question is on its way, or is sure to be, by somebody who may not ask it again.
    bool expects_ = false;
    bool heard_ = false;  ///< anything at all
    bool drained_ = false;
    bool busy_ = false;    ///< with a request that is not answered, or not read
    smtp::Instant since_;  ///< it is as busy, or idle, as it is
    Timer timer_;
    smtp::Instant timer_due_ = smtp::Instant::max();
};

}  // namespace smtpblock::net
