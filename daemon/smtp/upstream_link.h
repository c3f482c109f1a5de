// The session's side of its upstream connection: what was sent and which replies are due for it, in
// order (RFC 2920 3.1). A command waits here while an upstream without PIPELINING still owes a
// reply. Knows no client; the session says what each reply means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/smtp/fifo.h"
#include "daemon/smtp/output.h"
#include "daemon/smtp/reply_parser.h"
#include "daemon/smtp/reply_queue.h"
#include "daemon/smtp/secret.h"
#include "daemon/smtp/upstream_profile.h"

namespace smtpblock::smtp {

/// What a reply of the upstream answers.
enum class Due : std::uint8_t {
    banner,
    clear_hello,  ///< EHLO before STARTTLS
    starttls,
    introduction_hello,  ///< EHLO before XCLIENT
    xclient,
    hello,
    mail,
    rcpt,
    data,
    chunk,  ///< a BDAT that is not the last
    end,    ///< the final dot or BDAT LAST
    auth,
    dropped,
    quit,
};

struct Expected {
    Due due = Due::dropped;
    ReplyQueue::Place place = 0;    ///< of the client's command: for rcpt, data, end, auth
    std::uint32_t transaction = 0;  ///< the number of the client's MAIL: for mail, rcpt, chunk
};

class UpstreamLink {
public:
    enum class State : std::uint8_t {
        none,        ///< no connection, none wanted
        connecting,  ///< one is to be made
        securing,    ///< the TLS handshake is due; no octet before it counts
        greeting,    ///< the banner or the reply to EHLO is due
        ready,       ///< takes commands
        left,        ///< nothing is under way there and nobody needs it: another session may
        closing,     ///< to be closed at once; nothing more is read or written
    };

    State state() const { return state_; }
    bool ready() const { return state_ == State::ready; }
    /// Replies may come.
    bool talking() const { return state_ == State::greeting || state_ == State::ready; }
    bool connected() const { return state_ == State::securing || talking(); }

    /// Asks for a connection.
    void connect() { state_ = State::connecting; }
    /// It is there, and begins with `header`; then the banner is due, or with implicit TLS
    /// (RFC 8314 3.3) the handshake before it.
    void on_connected(bool implicit_tls, std::string_view header = {});
    /// One that another session has left, as it was left; greet() is next.
    void on_reused(bool secured, Keywords keywords);
    /// Nothing more will be said here: somebody else may have the connection.
    void leave() { state_ = State::left; }
    /// Nobody wants it.
    void stay() { state_ = State::ready; }
    /// The reply to STARTTLS was positive: all that was said so far is forgotten (RFC 3207 4.2).
    void secure();
    /// The handshake is done; behind STARTTLS greet() is next, else the banner is due.
    void on_tls(bool implicit_tls);
    bool secured() const { return secured_; }
    /// The banner was positive, or the client greets anew: `command` is its own greeting with
    /// CRLF; without one the link is ready at once.
    void greet(std::string_view command);
    /// The greeting was taken.
    void on_greeted(Keywords keywords);
    const Keywords& keywords() const { return keywords_; }

    /// A command with its CRLF, the chunk that follows it in two pieces, and what its reply will
    /// be. A step of AUTH is wiped once it is written.
    void send(std::string_view command, Expected expected, std::string_view chunk = {},
              std::string_view chunk_end = {});
    /// Octets that are not on the wire, whatever keeps them.
    std::size_t unsent() const { return output_.size() + waiting_octets_; }
    /// How many replies are due.
    std::size_t replies_due() const { return expected_.size(); }
    /// Nothing is due.
    bool quiet() const { return expected_.empty(); }
    /// No reply is due but to copies of the client's RSET and NOOP.
    bool owes_nothing() const;
    std::optional<Due> next_due() const;

    /// Takes bytes off `bytes` until a reply is complete.
    ReplyParser::State take(std::string_view& bytes) { return parser_.take(bytes); }
    Reply reply() { return parser_.reply(); }
    /// What the reply just taken answers; nothing when none is due, or when what is due is not all
    /// on the wire yet.
    std::optional<Expected> settle();

    /// Gives the connection up: what is not on the wire stays off it. Returns all that was due and
    /// will never come.
    std::vector<Expected> close();
    /// It is closed, or could not be made.
    void on_closed();

    Output& output() { return output_; }
    const Output& output() const { return output_; }

private:
    struct Waiting {
        Secret command;
        bool is_secret = false;
    };

    bool may_write() const { return keywords_.pipelining || ends_.empty(); }
    void write_what_may();
    void await_banner();
    void forget_keywords();

    State state_ = State::none;
    bool secured_ = false;  ///< under TLS
    Keywords keywords_;
    Fifo<Expected> expected_;  ///< for what was written and for what waits
    Fifo<Waiting> waiting_;    ///< commands that an upstream without PIPELINING must not get yet
    std::size_t waiting_octets_ = 0;
    Fifo<std::uint64_t> ends_;  ///< of what is written and not answered, in octets since ever
    ReplyParser parser_;
    Output output_;
};

}  // namespace smtpblock::smtp
