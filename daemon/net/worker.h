// One thread of the daemon: an event loop, and the sessions that live in it from their beginning to
// their end.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <unordered_map>

#include "daemon/guard/log.h"
#include "daemon/net/conversation.h"
#include "daemon/net/front/arrival.h"
#include "daemon/net/front/session_count.h"
#include "daemon/net/link.h"
#include "daemon/net/listener.h"
#include "daemon/smtp/session_options.h"

namespace smtpblock::net {

class Worker : private ConversationOwner {
public:
    /// `emptied` is called in its thread when it has no session while it drains.
    Worker(guard::Log& log, std::function<void()> emptied);
    ~Worker() override = default;
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    IoContext& io() { return io_; }
    /// Gives it a thread of its own; without one the caller runs io(). An exception there ends up
    /// in `failed`, called in that thread.
    void start(std::function<void(std::exception_ptr)> failed);
    /// From any thread. Its event loop ends.
    void stop() { io_.stop(); }
    /// Waits for the end of its thread, if it has one.
    void join();
    /// Then: ends what lives in it, as everything that lives elsewhere is still there.
    void clear();

    // The rest from the main thread. What it asks for is done in the worker's.

    /// Sessions that it has or was given.
    std::size_t sessions() const { return sessions_; }
    void begin(std::shared_ptr<Service> service, Arrival arrival, SessionCount::Place place,
               smtp::ClientInfo client);
    /// The daemon is stopping; the second time, at once.
    void drain();
    /// No new session will ask for `service`.
    void retire(std::shared_ptr<Service> service);

private:
    void on_conversation_ended(Conversation& conversation) override;
    void begin_now(std::shared_ptr<Service> service, Arrival arrival, SessionCount::Place place,
                   smtp::ClientInfo client);
    template <class Visit>
    void each_conversation(Visit visit);

    guard::Log& log_;
    const std::function<void()> emptied_;
    IoContext io_{1};
    std::optional<boost::asio::executor_work_guard<Executor>> work_;
    std::thread thread_;
    std::atomic<std::size_t> sessions_{0};
    std::unordered_map<const Conversation*, std::shared_ptr<Conversation>> conversations_;
    bool draining_ = false;
};

}  // namespace smtpblock::net
