#include "daemon/net/server.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdint>
#include <exception>
#include <list>
#include <optional>
#include <thread>
#include <utility>

#include "daemon/guard/log_record.h"
#include "daemon/net/front/proxy_reader.h"
#include "daemon/net/front/session_count.h"
#include "daemon/net/listeners.h"
#include "daemon/net/pulse.h"
#include "daemon/net/worker.h"
#include "daemon/smtp/greetings.h"

namespace smtpblock::net {

using boost::system::error_code;
using guard::LogLevel;
using guard::LogRecord;
using std::chrono::steady_clock;

namespace {

/// For what waits for a disk.
constexpr std::size_t job_threads = 4;

/// What a session gets to say its last words, once `drain` has passed.
constexpr auto last_words = std::chrono::seconds(1);

constexpr auto between_refusal_lines = std::chrono::minutes(1);

SessionCount::Limits limits_of(const ServerOptions& options) {
    return {.sessions = options.sessions, .per_client = options.sessions_per_client};
}

/// Those who are connected to the listeners of one protocol. Each has places of its own: anybody
/// can take those of a front, and a mail server that could not ask then would let all pass.
struct Crowd {
    explicit Crowd(const ServerOptions& options) : count(limits_of(options)) {}

    SessionCount count;
    std::uint64_t turned_away = 0;  ///< since the last line about it
    std::optional<steady_clock::time_point> told{};
};

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

class Server::Impl {
public:
    Impl(const ServerOptions& options, guard::Log& log, ActivatedSockets activated);
    ~Impl();

    std::size_t threads() const { return workers_.size(); }
    std::uint64_t sessions() const;
    Result<void> listen(std::vector<ListenerOptions> listeners, const PolicyFactory& policies);
    std::vector<Endpoint> endpoints() const { return listeners_->endpoints(); }
    std::vector<DaemonRecord::Listener> listeners() const { return listeners_->records(); }
    void obey_signals(std::function<void()> reload);
    void give_signs_of_life(std::chrono::microseconds interval, std::function<void()> beat);
    void run(std::function<void()> ready, std::function<void(std::chrono::seconds)> stopping);
    Result<std::size_t> change(const ServerOptions& options, std::vector<ListenerOptions> listeners,
                               const PolicyFactory& policies);
    void drain();
    void stop();
    IoContext& io() { return workers_.front()->io(); }

private:
    void start_listeners(std::function<void()> ready);
    using Entry = std::shared_ptr<const Listeners::Entry>;

    void on_accepted(const Entry& to, Arrival arrival);
    void admit(const Entry& to, Arrival arrival);
    void on_no_proxy_header(const Entry& to, const Arrival& arrival, std::string_view why);
    void forget_proxied();
    void turn_away(const ListenerOptions& listener, const Arrival& arrival);
    Crowd& crowd_of(Protocol protocol) { return crowds_.at(static_cast<std::size_t>(protocol)); }
    void await_signal();
    void on_signal(int number);
    void stop_when_empty();
    void tick();

    ServerOptions options_;
    guard::Log& log_;
    const ActivatedSockets activated_;
    tls::TicketKeys ticket_keys_{steady_clock::now()};
    std::array<Crowd, protocol_count> crowds_;
    Workers workers_;  ///< the first one is the main thread's
    /// Jobs that were never begun hold links, and those timers of the workers.
    boost::asio::thread_pool jobs_{job_threads};
    Listeners::Environment environment_;
    std::unique_ptr<Listeners> listeners_;
    std::list<std::shared_ptr<ProxyReader>> proxied_;  ///< of whom it is not known yet who they are
    boost::asio::signal_set signals_;
    Timer drain_timer_;
    Timer second_timer_;
    std::optional<Pulse> pulse_;
    std::function<void()> reload_;
    std::function<void(std::chrono::seconds)> stopping_;
    std::exception_ptr failure_;  ///< of another thread
    std::uint32_t next_session_;
    bool draining_ = false;
};

Server::Impl::Impl(const ServerOptions& options, guard::Log& log, ActivatedSockets activated)
    : options_(options),
      log_(log),
      activated_(std::move(activated)),
      crowds_{Crowd(options), Crowd(options), Crowd(options)},
      workers_([&] {
          const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
          Workers workers;
          for (std::size_t i = 0; i < (options.threads == 0 ? cores : options.threads); ++i)
              workers.push_back(std::make_unique<Worker>(
                  log, [this] { boost::asio::post(io(), [this] { stop_when_empty(); }); }));
          return workers;
      }()),
      environment_{workers_, jobs_, ticket_keys_, activated_, log},
      signals_(io()),
      drain_timer_(io()),
      second_timer_(io()),
      // IDs go on where those of an earlier process are not in sight.
      next_session_(static_cast<std::uint32_t>(steady_clock::now().time_since_epoch().count())) {}

Server::Impl::~Impl() {
    stop();
    for (const auto& worker : workers_) worker->join();
    if (listeners_) listeners_->stop(nullptr);
    forget_proxied();
    signals_.cancel();
    jobs_.stop();
    jobs_.join();
    for (const auto& worker : workers_) worker->clear();
    listeners_.reset();
}

Result<void> Server::Impl::listen(std::vector<ListenerOptions> listeners,
                                  const PolicyFactory& policies) {
    auto made = Listeners::make(environment_, std::move(listeners), policies, nullptr);
    if (!made) return std::move(made).failure();
    listeners_ = *std::move(made);
    listeners_->certificates().tell_flaws(log_);
    listeners_->tell_idle_sockets();
    return {};
}

void Server::Impl::give_signs_of_life(std::chrono::microseconds interval,
                                      std::function<void()> beat) {
    std::vector<IoContext*> loops;
    for (const auto& worker : workers_) loops.push_back(&worker->io());
    pulse_.emplace(std::move(loops), interval, std::move(beat));
}

void Server::Impl::run(std::function<void()> ready,
                       std::function<void(std::chrono::seconds)> stopping) {
    stopping_ = std::move(stopping);
    for (std::size_t i = 1; i < workers_.size(); ++i)
        workers_[i]->start([this](std::exception_ptr failure) {
            boost::asio::post(io(), [this, failure] {
                failure_ = failure;
                stop();
            });
        });
    start_listeners(std::move(ready));
    if (options_.each_second) tick();
    if (pulse_) pulse_->start();
    io().run();
    for (const auto& worker : workers_) worker->join();
    if (failure_) std::rethrow_exception(failure_);
}

void Server::Impl::start_listeners(std::function<void()> ready) {
    listeners_->start(
        [this](const Entry& to, Arrival arrival) { on_accepted(to, std::move(arrival)); },
        std::move(ready));
}

Result<std::size_t> Server::Impl::change(const ServerOptions& options,
                                         std::vector<ListenerOptions> listeners,
                                         const PolicyFactory& policies) {
    auto made = Listeners::make(environment_, std::move(listeners), policies, listeners_.get());
    if (!made) return std::move(made).failure();
    options_.drain = options.drain;
    options_.sessions = options.sessions;
    for (Crowd& crowd : crowds_) crowd.count.limit(limits_of(options));
    listeners_->stop(made->get());
    listeners_ = *std::move(made);
    start_listeners([] {});
    listeners_->certificates().tell_flaws(log_);
    listeners_->tell_idle_sockets();
    return listeners_->certificates().count();
}

void Server::Impl::tick() {
    options_.each_second();
    second_timer_.expires_after(std::chrono::seconds(1));
    second_timer_.async_wait([this](error_code error) {
        if (!error) tick();
    });
}

/// Here every client passes, with the address of his connection, before he is anybody: who speaks
/// PROXY to us says first whom it brings.
void Server::Impl::on_accepted(const Entry& to, Arrival arrival) {
    const ListenerOptions& listener = to->listener->options;
    if (!any_contains(listener.proxy_from, arrival.client.address))
        return admit(to, std::move(arrival));
    if (crowd_of(listener.protocol).count.sessions() + proxied_.size() >= options_.sessions)
        return turn_away(listener, arrival);
    // It is forgotten once it has said something, and outlives that by itself.
    const auto place = proxied_.insert(proxied_.end(), nullptr);
    *place = std::make_shared<ProxyReader>(
        io(), std::move(arrival),
        [this, to, place](Arrival known) {
            proxied_.erase(place);
            admit(to, std::move(known));
            stop_when_empty();
        },
        [this, to, place](const Arrival& unknown, std::string_view why) {
            proxied_.erase(place);
            on_no_proxy_header(to, unknown, why);
            stop_when_empty();
        });
    const auto reader = *place;
    reader->start();
}

void Server::Impl::on_no_proxy_header(const Entry& to, const Arrival& arrival,
                                      std::string_view why) {
    LogRecord record("session");
    record.add("listener", to->listener->options.session.listener);
    record.add("client", arrival.client.address.text());
    record.add("event", "no PROXY header").add("detail", why);
    record.write(log_, LogLevel::warning);
}

void Server::Impl::forget_proxied() {
    for (const auto& reader : std::exchange(proxied_, {})) reader->stop();
}

/// `arrival` says who the client is: he is counted and gets a session of his own.
void Server::Impl::admit(const Entry& to, Arrival arrival) {
    const ListenerOptions& listener = to->listener->options;
    const IpAddress& address = arrival.client.address;
    // A gateway has many clients, and so has a mail server that asks; a Dovecot that is turned away
    // lets everybody in, and does not even ask for a while.
    const bool is_gateway = listener.door || arrival.is_local ||
                            any_contains(listener.proxy_from, address) ||
                            any_contains(listener.session.xclient_from, address);
    auto place =
        crowd_of(listener.protocol).count.enter(is_gateway ? std::nullopt : std::optional(address));
    if (!place) return turn_away(listener, arrival);
    auto client = smtp::client_info(listener.session, fmt::format("{:x}", next_session_++),
                                    arrival.client, arrival.server);
    const auto least = std::min_element(
        workers_.begin(), workers_.end(),
        [](const auto& one, const auto& other) { return one->sessions() < other->sessions(); });
    const auto thread = static_cast<std::size_t>(least - workers_.begin());
    (*least)->begin(to->services[thread], std::move(arrival), *std::move(place), std::move(client));
}

void Server::Impl::turn_away(const ListenerOptions& listener, const Arrival& arrival) {
    const smtp::SessionOptions& session = listener.session;
    const std::string words = smtp::too_many_connections(session.hostname);
    // A new connection has room for this, and whoever does not read it misses nothing. Whoever
    // waits for TLS, or for an answer of another protocol, could not read it.
    if (!session.implicit_tls && !listener.door)
        (void)::send(arrival.socket.number(), words.data(), words.size(),
                     MSG_DONTWAIT | MSG_NOSIGNAL);
    Crowd& crowd = crowd_of(listener.protocol);
    ++crowd.turned_away;
    const auto now = steady_clock::now();
    if (crowd.told && now - *crowd.told < between_refusal_lines) return;
    crowd.told = now;
    LogRecord record("session");
    record.add("listener", session.listener).add("client", arrival.client.address.text());
    record.add("event", "too many connections").add("turned_away", crowd.turned_away);
    record.write(log_, LogLevel::warning);
    crowd.turned_away = 0;
}

void Server::Impl::obey_signals(std::function<void()> reload) {
    reload_ = std::move(reload);
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
    if (number == SIGHUP && !draining_) reload_();
    if (number == SIGHUP) return;
    if (draining_) return stop();
    drain();
}

void Server::Impl::drain() {
    if (std::exchange(draining_, true)) return;
    // First of all: who is not taken yet waits for the next process, if systemd keeps the socket.
    listeners_->stop(nullptr);
    if (stopping_) stopping_(options_.drain + last_words);
    for (const auto& worker : workers_) worker->drain();
    drain_timer_.expires_after(options_.drain);
    drain_timer_.async_wait([this](error_code error) {
        if (error) return;
        for (const auto& worker : workers_) worker->drain();
        drain_timer_.expires_after(last_words);
        drain_timer_.async_wait([this](error_code again) {
            if (!again) stop();
        });
    });
    stop_when_empty();
}

void Server::Impl::stop_when_empty() {
    if (draining_ && sessions() == 0 && proxied_.empty()) stop();
}

std::uint64_t Server::Impl::sessions() const {
    std::uint64_t sessions = 0;
    for (const Crowd& crowd : crowds_) sessions += crowd.count.sessions();
    return sessions;
}

void Server::Impl::stop() {
    for (const auto& worker : workers_) worker->stop();
}

Server::Server(const ServerOptions& options, guard::Log& log, ActivatedSockets activated)
    : impl_(std::make_unique<Impl>(options, log, std::move(activated))) {}
Server::~Server() = default;

std::size_t Server::threads() const {
    return impl_->threads();
}
std::uint64_t Server::sessions() const {
    return impl_->sessions();
}
Result<void> Server::listen(std::vector<ListenerOptions> listeners, const PolicyFactory& policies) {
    return impl_->listen(std::move(listeners), policies);
}
std::vector<Endpoint> Server::endpoints() const {
    return impl_->endpoints();
}
std::vector<DaemonRecord::Listener> Server::listeners() const {
    return impl_->listeners();
}
void Server::obey_signals(std::function<void()> reload) {
    impl_->obey_signals(std::move(reload));
}
void Server::give_signs_of_life(std::chrono::microseconds interval, std::function<void()> beat) {
    impl_->give_signs_of_life(interval, std::move(beat));
}
void Server::run(std::function<void()> ready, std::function<void(std::chrono::seconds)> stopping) {
    impl_->run(std::move(ready), std::move(stopping));
}
Result<std::size_t> Server::change(const ServerOptions& options,
                                   std::vector<ListenerOptions> listeners,
                                   const PolicyFactory& policies) {
    return impl_->change(options, std::move(listeners), policies);
}
void Server::drain() {
    boost::asio::post(impl_->io(), [impl = impl_.get()] { impl->drain(); });
}
void Server::stop() {
    impl_->stop();
}

}  // namespace smtpblock::net
