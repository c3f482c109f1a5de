// Learns how an upstream greets, before the first client does: reads its banner, says EHLO and
// QUIT. Like a Session's upstream side: events go in, bytes and wishes come out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/smtp/output.h"
#include "daemon/smtp/reply_parser.h"
#include "daemon/smtp/session.h"
#include "daemon/smtp/upstream_profile.h"

namespace smtpblock::smtp {

class Learner {
public:
    /// Fills `profile`, which must outlive it, when it succeeds. Gives up after `patience`.
    Learner(std::string hostname, UpstreamTls tls, UpstreamProfile& profile, Duration patience,
            Instant now);

    void on_connected();
    /// The handshake that was wanted is done.
    void on_tls();
    void on_bytes(std::string_view bytes);
    void on_written(std::size_t octets) { output_.taken(octets); }
    /// The end of the connection, of whatever kind; `why` is for the log.
    void on_closed(std::string_view why);
    void on_time(Instant now);

    /// `connect` until on_connected(), `tls_handshake` until on_tls() where the upstream is spoken
    /// to under TLS, `close` once it knows or has given up.
    Want want() const;
    std::string_view output() const { return output_.pending(); }
    Instant deadline() const { return deadline_; }

    bool learnt() const { return learnt_; }
    /// Why it has not learnt anything.
    const std::string& why() const { return why_; }

private:
    enum class Awaits : std::uint8_t {
        connection,
        banner,
        clear_ehlo,  ///< the reply to EHLO before STARTTLS
        starttls,
        handshake,
        ehlo,
        helo,
        bye,
        nothing,
    };

    void on_reply(const Reply& reply);
    void send(std::string_view command, Awaits next);
    void succeed(Keywords keywords);
    void give_up(std::string_view why);

    const std::string hostname_;
    const UpstreamTls tls_;
    UpstreamProfile& profile_;
    const Instant deadline_;
    Awaits awaits_ = Awaits::connection;
    ReplyParser parser_;
    Output output_;
    std::string host_;
    bool learnt_ = false;
    std::string why_;
};

}  // namespace smtpblock::smtp
