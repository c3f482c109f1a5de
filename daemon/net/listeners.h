// All listeners of one configuration: their sockets bound, their certificates read, a part of them
// for each worker. Another configuration is made beside the one in force, in which nothing changes
// until all of the new one is ready; then it takes over the sockets whose address stays. For the
// main thread.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "common/daemon_record.h"
#include "daemon/guard/log.h"
#include "daemon/net/behind/probe.h"
#include "daemon/net/front/acceptor.h"
#include "daemon/net/front/activated_sockets.h"
#include "daemon/net/listener.h"
#include "daemon/net/tls/listener_certificates.h"
#include "daemon/net/worker.h"

namespace smtpblock::net {

using Workers = std::vector<std::unique_ptr<Worker>>;

class Listeners {
public:
    /// Everything that is referred to must outlive the listeners.
    struct Environment {
        Workers& workers;  ///< the first one is the main thread's
        boost::asio::thread_pool& jobs;
        tls::TicketKeys& ticket_keys;
        const ActivatedSockets& activated;
        guard::Log& log;
    };

    struct Entry {
        std::shared_ptr<Listener> listener;
        std::vector<std::shared_ptr<Service>> services;  ///< one a worker
        std::vector<std::shared_ptr<Acceptor>> acceptors;
        std::vector<std::shared_ptr<Probe>> probes;
        std::vector<bool> learnt;  ///< of each upstream
        std::size_t untried = 0;   ///< upstreams whose first try is not over
    };
    using Accepted = std::function<void(const std::shared_ptr<const Entry>&, Arrival)>;

    /// Reads and binds all. `before` is in force, and stays so with what it has; null: nothing is.
    /// Errors: not_permitted, failed.
    static Result<std::unique_ptr<Listeners>> make(const Environment& environment,
                                                   std::vector<ListenerOptions> options,
                                                   const PolicyFactory& policies,
                                                   const Listeners* before);
    Listeners(const Listeners&) = delete;
    Listeners& operator=(const Listeners&) = delete;

    /// Over TCP, in the order of the options, with real ports.
    std::vector<Endpoint> endpoints() const;
    /// In the order of the options.
    std::vector<DaemonRecord::Listener> records() const;
    const tls::ListenerCertificates& certificates() const { return certificates_; }
    /// Of sockets that systemd has passed and no listener takes, since their clients wait in vain.
    void tell_idle_sockets() const;

    /// Takes clients, and says so in the log, once each upstream was asked how it greets; calls
    /// `ready` when all do.
    void start(Accepted accepted, std::function<void()> ready);
    /// Takes no more of them, and leaves to `after` what it has taken over; null: closes all.
    void stop(const Listeners* after);

private:
    explicit Listeners(const Environment& environment)
        : environment_(environment), certificates_(environment.ticket_keys) {}
    Result<void> read_certificates(const std::vector<ListenerOptions>& options,
                                   const Listeners* before);
    Result<void> open(Entry& entry, const Listeners* before);
    void inherit(Entry& entry, const Listeners& before);
    std::vector<std::shared_ptr<Acceptor>> acceptors_at(const ListenAddress& where) const;
    bool has(const std::shared_ptr<Acceptor>& acceptor) const;
    void on_learnt(Entry& entry, std::size_t place, const smtp::Learnt& learnt);
    void on_tried(const std::shared_ptr<Entry>& entry);
    void ask(const std::shared_ptr<Entry>& entry, std::size_t place, bool wait);
    void tell_started();

    const Environment environment_;
    tls::ListenerCertificates certificates_;
    std::vector<std::shared_ptr<Entry>> entries_;
    Accepted accepted_;
    std::function<void()> ready_;
    std::size_t told_ = 0;  ///< listeners of which the log has said that they take clients
    bool stopped_ = false;
};

}  // namespace smtpblock::net
