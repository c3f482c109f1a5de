#include "daemon/net/server.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdint>
#include <exception>
#include <optional>
#include <unordered_set>
#include <utility>

#include "daemon/guard/log_record.h"
#include "daemon/net/acceptor.h"
#include "daemon/net/client_count.h"
#include "daemon/net/connection.h"
#include "daemon/net/probe.h"
#include "daemon/net/tls/listener_certificates.h"
#include "daemon/smtp/greetings.h"

namespace smtpblock::net {

using boost::system::error_code;
using guard::LogLevel;
using guard::LogRecord;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t worker_threads = 4;

/// What a session gets to say its last words, once `drain` has passed.
constexpr auto last_words = std::chrono::seconds(1);

constexpr auto between_refusal_lines = std::chrono::minutes(1);

}  // namespace

std::string_view tls_word(const smtp::SessionOptions& session) {
    if (session.implicit_tls) return "implicit";
    switch (session.starttls) {
        case smtp::StartTls::off:
            return "";
        case smtp::StartTls::optional:
            return "optional";
        case smtp::StartTls::required:
            return "required";
    }
    return "";
}

class Server::Impl : public ConnectionOwner {
public:
    Impl(const ServerOptions& options, std::vector<ListenerOptions> listeners, smtp::Policy& policy,
         guard::Log& log);
    ~Impl() override;

    Result<void> listen();
    std::vector<Endpoint> endpoints() const;
    void obey_signals();
    void run(std::function<void()> ready, std::function<void()> stopping);
    void drain();
    void stop();
    IoContext& io() { return io_; }

private:
    struct Listener {
        Listener(IoContext& io, boost::asio::thread_pool& workers, guard::Log& log,
                 tls::ListenerCertificates& certificates, ListenerOptions from)
            : options(std::move(from)),
              upstream(io, workers, log, options.upstreams.front(), options.maildir,
                       options.tls_verify ? Upstream::Verify::yes : Upstream::Verify::no),
              tls(certificates.add(options.session.listener, options.certificates)),
              probe(io, upstream, log, options.session) {}

        const ListenerOptions options;
        Upstream upstream;
        const std::unique_ptr<tls::Server>& tls;
        Probe probe;
        std::vector<std::unique_ptr<Acceptor>> acceptors;
    };

    void on_connection_ended(Connection& connection) override;
    void on_tried(Listener& listener);
    void on_accepted(Listener& listener, TcpSocket socket, const IpAddress& address);
    void turn_away(const Listener& listener, TcpSocket socket, const IpAddress& address);
    void await_signal();
    void on_signal(int number);
    void each_connection(const std::function<void(Connection&)>& visit);
    void close_listeners();
    void stop_when_empty();
    void tick();

    const ServerOptions options_;
    smtp::Policy& policy_;
    guard::Log& log_;
    IoContext io_{1};
    boost::asio::thread_pool workers_{worker_threads};
    boost::asio::signal_set signals_{io_};
    tls::ListenerCertificates certificates_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::unordered_set<std::shared_ptr<Connection>> connections_;
    ClientCount clients_;
    Timer drain_timer_{io_};
    Timer second_timer_{io_};
    std::function<void()> ready_;
    std::function<void()> stopping_;
    std::size_t untried_ = 0;  ///< upstreams whose first try is not over
    std::uint32_t next_session_;
    bool draining_ = false;
    std::uint64_t turned_away_ = 0;  ///< since the last line about it
    std::optional<steady_clock::time_point> told_of_refusals_;
};

Server::Impl::Impl(const ServerOptions& options, std::vector<ListenerOptions> listeners,
                   smtp::Policy& policy, guard::Log& log)
    : options_(options),
      policy_(policy),
      log_(log),
      clients_(options.sessions_per_client),
      // IDs go on where those of an earlier process are not in sight.
      next_session_(static_cast<std::uint32_t>(steady_clock::now().time_since_epoch().count())) {
    for (ListenerOptions& listener : listeners)
        listeners_.push_back(
            std::make_unique<Listener>(io_, workers_, log_, certificates_, std::move(listener)));
}

/// What refers to a listener goes before it: connections, and links that wait to be let go.
Server::Impl::~Impl() {
    close_listeners();
    signals_.cancel();
    each_connection([](Connection& connection) { connection.abandon(); });
    workers_.stop();
    workers_.join();
    io_.restart();
    io_.poll();
}

Result<void> Server::Impl::listen() {
    if (auto read = certificates_.read(); !read) return read;
    certificates_.tell_flaws(log_);
    for (const auto& listener : listeners_) {
        for (const ListenAddress& where : listener->options.listen) {
            auto acceptor = std::make_unique<Acceptor>(
                io_, log_, [this, to = listener.get()](TcpSocket socket, const IpAddress& address) {
                    on_accepted(*to, std::move(socket), address);
                });
            if (auto bound = acceptor->listen(where.endpoint); !bound) return bound;
            listener->acceptors.push_back(std::move(acceptor));
        }
    }
    return {};
}

std::vector<Endpoint> Server::Impl::endpoints() const {
    std::vector<Endpoint> out;
    for (const auto& listener : listeners_)
        for (const auto& acceptor : listener->acceptors) out.push_back(acceptor->endpoint());
    return out;
}

void Server::Impl::run(std::function<void()> ready, std::function<void()> stopping) {
    ready_ = std::move(ready);
    stopping_ = std::move(stopping);
    untried_ = listeners_.size();
    for (const auto& listener : listeners_)
        listener->probe.start([this, to = listener.get()] { on_tried(*to); });
    if (options_.each_second) tick();
    io_.run();
}

void Server::Impl::tick() {
    options_.each_second();
    second_timer_.expires_after(std::chrono::seconds(1));
    second_timer_.async_wait([this](error_code error) {
        if (!error) tick();
    });
}

/// Clients come in from now on: what the upstream says of itself is known, or late.
void Server::Impl::on_tried(Listener& listener) {
    --untried_;
    if (draining_) return;
    for (const auto& acceptor : listener.acceptors) {
        acceptor->start();
        LogRecord record("listen");
        record.add("listener", listener.options.session.listener);
        record.add("address", acceptor->endpoint().text());
        record.add("direction", word(listener.options.session.direction));
        record.add_known("tls", tls_word(listener.options.session));
        record.add("upstream", listener.upstream.address().text());
        record.add("auth_domain", listener.options.session.auth_domain);
        record.write(log_, LogLevel::info);
    }
    if (untried_ == 0) ready_();
}

void Server::Impl::on_accepted(Listener& listener, TcpSocket socket, const IpAddress& address) {
    if (connections_.size() >= options_.sessions || !clients_.enter(address))
        return turn_away(listener, std::move(socket), address);
    const auto client = smtp::client_info(listener.options.session,
                                          fmt::format("{:x}", next_session_++), {address, 0}, {});
    try {
        const auto connection = std::make_shared<Connection>(
            Connection::Environment{io_, listener.options.session, policy_, listener.upstream,
                                    listener.tls, log_, *this},
            std::move(socket), address, client);
        connections_.insert(connection);
        connection->start();
    } catch (const std::exception& error) {
        clients_.leave(address);
        LogRecord record("session");
        record.add("session", client.session).add("listener", listener.options.session.listener);
        record.add("client", client.address).add("event", "failed").add("detail", error.what());
        record.write(log_, LogLevel::error);
    }
}

void Server::Impl::turn_away(const Listener& listener, TcpSocket socket, const IpAddress& address) {
    const std::string words = smtp::too_many_connections(listener.options.session.hostname);
    // A new connection has room for this, and whoever does not read it misses nothing. Whoever
    // waits for TLS could not read it.
    if (!listener.options.session.implicit_tls)
        (void)::send(socket.native_handle(), words.data(), words.size(),
                     MSG_DONTWAIT | MSG_NOSIGNAL);
    ++turned_away_;
    const auto now = steady_clock::now();
    if (told_of_refusals_ && now - *told_of_refusals_ < between_refusal_lines) return;
    told_of_refusals_ = now;
    LogRecord record("session");
    record.add("listener", listener.options.session.listener).add("client", address.text());
    record.add("event", "too many connections").add("turned_away", turned_away_);
    record.write(log_, LogLevel::warning);
    turned_away_ = 0;
}

void Server::Impl::on_connection_ended(Connection& connection) {
    clients_.leave(connection.client_address());
    connections_.erase(connection.shared_from_this());
    if (draining_) stop_when_empty();
}

void Server::Impl::obey_signals() {
    error_code ignored;
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) signals_.add(number, ignored);
    await_signal();
}

void Server::Impl::await_signal() {
    signals_.async_wait([this](error_code error, int number) {
        if (error) return;
        on_signal(number);
        await_signal();
    });
}

void Server::Impl::on_signal(int number) {
    if (number == SIGHUP) return certificates_.read_again(log_);
    if (draining_) return stop();
    drain();
}

void Server::Impl::drain() {
    if (std::exchange(draining_, true)) return;
    if (stopping_) stopping_();
    close_listeners();
    each_connection([](Connection& connection) { connection.drain(); });
    drain_timer_.expires_after(options_.drain);
    drain_timer_.async_wait([this](error_code error) {
        if (error) return;
        each_connection([](Connection& connection) { connection.drain(); });
        drain_timer_.expires_after(last_words);
        drain_timer_.async_wait([this](error_code again) {
            if (!again) stop();
        });
    });
    stop_when_empty();
}

void Server::Impl::close_listeners() {
    for (const auto& listener : listeners_) {
        listener->probe.stop();
        for (const auto& acceptor : listener->acceptors) acceptor->stop();
    }
}

void Server::Impl::stop_when_empty() {
    if (connections_.empty()) stop();
}

void Server::Impl::stop() {
    io_.stop();
}

/// Visits them all, though some end by it.
void Server::Impl::each_connection(const std::function<void(Connection&)>& visit) {
    const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
    for (const auto& connection : all) visit(*connection);
}

Server::Server(const ServerOptions& options, std::vector<ListenerOptions> listeners,
               smtp::Policy& policy, guard::Log& log)
    : impl_(std::make_unique<Impl>(options, std::move(listeners), policy, log)) {}
Server::~Server() = default;

Result<void> Server::listen() {
    return impl_->listen();
}
std::vector<Endpoint> Server::endpoints() const {
    return impl_->endpoints();
}
void Server::obey_signals() {
    impl_->obey_signals();
}
void Server::run(std::function<void()> ready, std::function<void()> stopping) {
    impl_->run(std::move(ready), std::move(stopping));
}
void Server::drain() {
    boost::asio::post(impl_->io(), [impl = impl_.get()] { impl->drain(); });
}
void Server::stop() {
    boost::asio::post(impl_->io(), [impl = impl_.get()] { impl->stop(); });
}

}  // namespace smtpblock::net
