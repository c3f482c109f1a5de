// The daemon on the network: listeners, their sessions, and how it all ends. A client is taken by
// the main thread and handed to the thread with the fewest sessions, where he stays; the work that
// waits for disks has a small pool of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config.h"
#include "common/daemon_record.h"
#include "common/endpoint.h"
#include "common/ip_address.h"
#include "common/listener_choices.h"
#include "common/result.h"
#include "daemon/door/exchange.h"
#include "daemon/guard/log.h"
#include "daemon/maildir/server.h"
#include "daemon/net/front/activated_sockets.h"
#include "daemon/smtp/policy.h"
#include "daemon/smtp/session_options.h"

namespace smtpblock::net {

struct ListenerOptions {
    std::vector<ListenAddress> listen;
    Protocol protocol = Protocol::smtp;
    /// What is asked there by another protocol than SMTP. Such a listener has no upstream, and of
    /// `session` the name, the direction and the auth_domain, for the log.
    std::optional<door::Options> door;
    std::vector<UpstreamAddress> upstreams;  ///< the next one when the first cannot be reached
    std::size_t upstream_idle = 0;           ///< idle connections kept
    smtp::SessionOptions session;
    maildir::ServerOptions maildir;     ///< for an upstream that is one
    std::vector<IpNetwork> proxy_from;  ///< who speaks PROXY to us, and has to
    std::vector<CertificateFiles>
        certificates;        ///< the first is the default; none: no TLS in front
    bool tls_verify = true;  ///< of the upstream
};

/// How clients of a listener come to TLS: `implicit`, `optional`, `required`, or empty: not at all.
std::string_view tls_word(const smtp::SessionOptions& session);

struct ServerOptions {
    std::size_t threads = 1;  ///< 0: one a core
    std::size_t sessions = 10000;
    std::size_t sessions_per_client = 100;
    std::chrono::seconds drain{30};
    /// Called once a second, from when clients are taken; none: nothing is.
    std::function<void()> each_second{};
};

/// The rules as the sessions of one thread ask them; called once a thread for each configuration,
/// always from the main one.
using PolicyFactory = std::function<std::shared_ptr<smtp::Policy>(std::size_t thread)>;

class Server {
public:
    /// The log must outlive the server. `activated` is what systemd has passed.
    Server(const ServerOptions& options, guard::Log& log, ActivatedSockets activated = {});
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// How many threads have sessions.
    std::size_t threads() const;
    /// From any thread. Of all listeners.
    std::uint64_t sessions() const;

    /// Reads the certificates and binds every address, so that clients are queued from now on.
    Result<void> listen(std::vector<ListenerOptions> listeners, const PolicyFactory& policies);
    /// Where it listens over TCP, in the order of the options, with real ports.
    std::vector<Endpoint> endpoints() const;
    /// From the main thread. Of each listener, in the order of the options.
    std::vector<DaemonRecord::Listener> listeners() const;

    /// SIGTERM and SIGINT drain, a second one stops; SIGHUP calls `reload`.
    void obey_signals(std::function<void()> reload);
    /// Before run(): `beat` is called each `interval` in which the event loop of every thread has
    /// come round.
    void give_signs_of_life(std::chrono::microseconds interval, std::function<void()> beat);
    /// Takes clients, and says so in the log, once each upstream was asked how it greets. Returns
    /// when stopped. `ready` is called when clients are taken, `stopping` when no more are, with
    /// the time that the end may take.
    void run(std::function<void()> ready, std::function<void(std::chrono::seconds)> stopping);

    /// From within run(). Another configuration for all sessions that begin from now on, or an
    /// error and nothing has changed. The number of threads stays as it is. How many certificates
    /// there are now.
    Result<std::size_t> change(const ServerOptions& options, std::vector<ListenerOptions> listeners,
                               const PolicyFactory& policies);

    /// From any thread. Lets transactions end, for at most `drain`, then stops.
    void drain();
    /// From any thread. At once.
    void stop();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace smtpblock::net
