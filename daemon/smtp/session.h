// One SMTP session: a function of what happened. Events go in, bytes and wishes come out; no
// socket, clock or thread is known here, so every dialogue can be played without a port.
//
// Who drives it (daemon/net, or a test) tells it what happened through the on_ functions, and after
// each of them looks at want() and output() of both sides and does what they say. The upstream side
// exists only while the session wants one: want(upstream) is `connect` until on_connected() or
// on_closed(), and `close` until on_closed().
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/smtp/policy.h"
#include "daemon/smtp/session_options.h"
#include "daemon/smtp/upstream_profile.h"

namespace smtpblock::smtp {

/// What is known of an upstream connection that outlives the session that made it.
struct KeptUpstream {
    std::size_t upstream = 0;  ///< its place in the listener's list
    Instant since;             ///< it is there
    std::uint32_t transactions = 0;
    bool secured = false;  ///< under TLS
    Keywords keywords;     ///< as it offered them last
    std::string host;      ///< as its banner named it
};

/// None is used again that is older, or has carried more.
constexpr Duration oldest_kept = std::chrono::seconds(60);
constexpr std::uint32_t most_kept_transactions = 100;

enum class Side : std::uint8_t { client, upstream };

enum class Want : std::uint8_t {
    nothing,  ///< do not read from this side now: back-pressure, or there is no connection
    connect,  ///< (upstream) make a connection, or call on_reused() with an idle one
    read,
    keep,  ///< (upstream) the session needs it no more, and another one may have it: on_kept()
    tls_handshake,  ///< everything is written and nothing more of the raw bytes is read: begin TLS
    close,          ///< close at once; what is still to be written is dropped
};

class Session {
public:
    /// The options, the policy and the profile must outlive the session. The profile is read when
    /// the client is greeted and written when the upstream is.
    Session(const SessionOptions& options, ClientInfo client, Policy& policy,
            UpstreamProfile& profile, Instant now);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// The upstream is that at place `upstream` of the listener's list.
    void on_connected(Side side, Instant now, std::size_t upstream = 0);
    /// While want(upstream) is `connect`: whether a connection that another session has kept will
    /// do.
    bool may_reuse() const;
    /// Instead of a new connection: one that another session has kept, in the state in which it was
    /// left, at most oldest_kept old.
    void on_reused(const KeptUpstream& kept, Instant now);
    /// While want(upstream) is `keep`: what to remember of the connection.
    KeptUpstream kept() const;
    /// While want(upstream) is `keep`: `taken` when somebody else has the connection from now on;
    /// else the session ends it as it must.
    void on_kept(bool taken, Instant now);
    /// The handshake that was wanted is done; from now on bytes are those inside TLS. One that
    /// fails is an on_closed().
    void on_tls(Side side, Instant now);
    /// `bytes` need to live during the call only. All are taken.
    void on_bytes(Side side, std::string_view bytes, Instant now);
    /// The same without a copy of a message on its way: output(upstream) may show a part of
    /// `bytes`, which must live until on_bytes_gone(), due before any event but on_written().
    void on_lent_bytes(Side side, std::string_view bytes, Instant now);
    /// Lent bytes are about to go; what is still to be written of them is kept.
    void on_bytes_gone();
    /// The first `bytes` octets of output(side) are on their way.
    void on_written(Side side, std::size_t bytes, Instant now);
    /// The peer will send no more (a half-close or an ordinary end).
    void on_eof(Side side, Instant now);
    /// The connection is gone: reset, closed on our wish, or never made. `why` is for the log and
    /// may be empty.
    void on_closed(Side side, Instant now, std::string_view why = {});
    /// deadline() has come.
    void on_time(Instant now);
    /// The daemon is stopping: ends at once when no transaction is under way, else after it.
    void on_drain(Instant now);

    /// The client's, as text: another one's once a front has said so (XCLIENT).
    const std::string& client_address() const;
    Want want(Side side) const;
    /// Bytes waiting to go out, or the first piece of them; they stay put until the next on_ call.
    std::string_view output(Side side) const;
    Instant deadline() const;
    /// Nothing is left to do or to write: both connections may go.
    bool finished() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace smtpblock::smtp
