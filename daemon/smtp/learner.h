// Learns how an upstream greets, before the first client does, and how it refuses a stranger: reads
// its banner, says EHLO, asks for a recipient that nobody can have, and QUITs without sending
// anything. Like a Session's upstream side: events go in, bytes and wishes come out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/smtp/output.h"
#include "daemon/smtp/reply_parser.h"
#include "daemon/smtp/session.h"
#include "daemon/smtp/upstream_profile.h"

namespace smtpblock::smtp {

struct LearnerOptions {
    std::string hostname;  ///< that it greets with
    UpstreamTls tls = UpstreamTls::none;
    ClientAddress client_address = ClientAddress::none;
    /// Whether to ask for a recipient, as a client at 192.0.2.1 (RFC 5737) where the upstream can
    /// be told an address.
    bool ask_for_recipient = false;
    Duration patience = std::chrono::seconds(30);
};

/// What an upstream said of itself.
struct Learnt {
    std::string host;
    Keywords keywords;
    /// The reply to a recipient of a domain that cannot exist (`.invalid`, RFC 6761 6.4); 0: it was
    /// not asked, or did not answer.
    unsigned recipient_code = 0;
    /// The words in which it refused that, with `{rcpt}` for the recipient and without the last
    /// CRLF; empty when there were none that could be said to anybody.
    std::string rcpt_refusal;
    /// How long it took to refuse that: with all that came before, and from MAIL on.
    std::vector<RefusalTimes::Seen> refusals;
};

class Learner {
public:
    Learner(LearnerOptions options, Instant now);

    void on_connected();
    /// The handshake that was wanted is done.
    void on_tls();
    void on_bytes(std::string_view bytes, Instant now);
    void on_written(std::size_t octets) { output_.taken(octets); }
    /// The end of the connection, of whatever kind; `why` is for the log.
    void on_closed(std::string_view why);
    void on_time(Instant now);

    /// `connect` until on_connected(), `tls_handshake` until on_tls() where the upstream is spoken
    /// to under TLS, `close` once it knows all or has given up.
    Want want() const;
    std::string_view output() const { return output_.pending(); }
    Instant deadline() const { return deadline_; }

    /// Whole when want() is `close`; what it has by then where the rest was not answered.
    const std::optional<Learnt>& learnt() const { return learnt_; }
    /// Why it has not learnt anything.
    const std::string& why() const { return why_; }

private:
    enum class Awaits : std::uint8_t {
        connection,
        banner,
        clear_ehlo,  ///< the reply to EHLO before STARTTLS
        starttls,
        handshake,
        introduction_ehlo,  ///< the reply to EHLO before XCLIENT
        xclient,
        ehlo,
        helo,
        mail,
        rcpt,
        bye,
        nothing,
    };

    void on_reply(const Reply& reply, Instant now);
    void greet();
    void say(std::string_view command, Awaits next);
    void succeed(Keywords keywords, Instant now);
    void give_up(std::string_view why);
    std::string refusal_in(const Reply& reply) const;

    const LearnerOptions options_;
    const Instant began_;
    const Instant deadline_;
    Instant asked_;  ///< about the recipient
    Awaits awaits_ = Awaits::connection;
    ReplyParser parser_;
    Output output_;
    std::string host_;
    bool introduced_ = false;  ///< by XCLIENT
    std::optional<Learnt> learnt_;
    std::string why_;
};

}  // namespace smtpblock::smtp
