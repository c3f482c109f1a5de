// A listener as its sessions see it: what it is for all threads, and what of it each thread has for
// itself. Sessions hold what they began with, so that another configuration can take its place.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "daemon/guard/log.h"
#include "daemon/net/behind/idle_pool.h"
#include "daemon/net/behind/reachability.h"
#include "daemon/net/behind/upstream.h"
#include "daemon/net/server.h"
#include "daemon/net/tls/server.h"
#include "daemon/smtp/policy.h"
#include "daemon/smtp/upstream_profile.h"

namespace smtpblock::net {

class Probe;
struct Service;

/// For all threads.
struct Listener {
    struct Part {
        IoContext* io;
        std::weak_ptr<Service> service;
    };

    /// `front` is null where it has no TLS.
    Listener(ListenerOptions from, std::shared_ptr<const tls::Server> front,
             boost::asio::thread_pool& jobs, guard::Log& log);

    const ListenerOptions options;
    const std::shared_ptr<const tls::Server> tls;
    std::vector<std::unique_ptr<const Upstream>> upstreams;
    Reachability reachability;
    std::atomic<std::size_t> idle{0};  ///< connections kept by all threads together

    /// One a thread, set before the first session.
    std::vector<Part> parts;

    /// One an upstream, set likewise.
    std::vector<std::weak_ptr<Probe>> probes;

    /// A session could not reach that upstream. From any thread.
    void ask_again(std::size_t place) const;

    /// A Maildir server writes its client into each message: no other one may have it.
    std::size_t most_idle() const;
    bool is_same_behind(const Listener& other) const;
    std::string upstreams_text() const;
};

/// For one thread: made by the main one, then used in its own.
struct Service {
    Service(IoContext& io, std::shared_ptr<Listener> of, std::shared_ptr<smtp::Policy> rules)
        : listener(std::move(of)),
          policy(std::move(rules)),
          idle(io, listener->most_idle(), listener->idle) {}

    const std::shared_ptr<Listener> listener;
    const std::shared_ptr<smtp::Policy> policy;
    smtp::UpstreamProfile profile;
    IdlePool idle;

    /// Tells the other threads in which words the upstream refuses a login, if those are new, and
    /// how long it took to refuse recipients: a blocked client must not be told by the thread that
    /// he comes to.
    void share_what_was_learnt();
};

}  // namespace smtpblock::net
