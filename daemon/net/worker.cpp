#include "daemon/net/worker.h"

#include <boost/asio/dispatch.hpp>
#include <utility>
#include <vector>

#include "daemon/guard/log_record.h"
#include "daemon/net/connection.h"
#include "daemon/net/door/request_connection.h"

namespace smtpblock::net {
namespace {

std::shared_ptr<Conversation> conversation_of(Conversation::Environment environment,
                                              Arrival arrival, SessionCount::Place place,
                                              const smtp::ClientInfo& client) {
    if (environment.service->listener->options.door)
        return std::make_shared<RequestConnection>(std::move(environment), std::move(arrival),
                                                   std::move(place), client);
    return std::make_shared<Connection>(std::move(environment), std::move(arrival),
                                        std::move(place), client);
}

}  // namespace

Worker::Worker(guard::Log& log, std::function<void()> emptied)
    : log_(log), emptied_(std::move(emptied)) {}

void Worker::clear() {
    draining_ = false;
    each_conversation([](Conversation& conversation) { conversation.abandon(); });
    io_.restart();
    io_.poll();  // links wait to be let go
}

void Worker::start(std::function<void(std::exception_ptr)> failed) {
    work_.emplace(io_.get_executor());
    thread_ = std::thread([this, failed = std::move(failed)] {
        try {
            io_.run();
        } catch (...) {
            failed(std::current_exception());
        }
    });
}

void Worker::join() {
    if (thread_.joinable()) thread_.join();
    work_.reset();
}

void Worker::begin(std::shared_ptr<Service> service, Arrival arrival, SessionCount::Place place,
                   smtp::ClientInfo client) {
    ++sessions_;
    boost::asio::dispatch(io_, [this, service = std::move(service), arrival = std::move(arrival),
                                place = std::move(place), client = std::move(client)]() mutable {
        begin_now(std::move(service), std::move(arrival), std::move(place), std::move(client));
    });
}

void Worker::begin_now(std::shared_ptr<Service> service, Arrival arrival, SessionCount::Place place,
                       smtp::ClientInfo client) {
    const std::string listener = service->listener->options.session.listener;
    const std::string address = client.address;
    try {
        const auto conversation = conversation_of({io_, std::move(service), log_, *this},
                                                  std::move(arrival), std::move(place), client);
        conversations_.emplace(conversation.get(), conversation);
        conversation->start();
        if (draining_) conversation->drain();
    } catch (const std::exception& error) {
        --sessions_;
        guard::LogRecord record("session");
        record.add("listener", listener).add("client", address);
        record.add("event", "failed").add("detail", error.what());
        record.write(log_, guard::LogLevel::error);
    }
}

void Worker::on_conversation_ended(Conversation& conversation) {
    --sessions_;
    conversations_.erase(&conversation);
    if (draining_ && conversations_.empty()) emptied_();
}

void Worker::drain() {
    boost::asio::dispatch(io_, [this] {
        draining_ = true;
        each_conversation([](Conversation& conversation) { conversation.drain(); });
        if (conversations_.empty()) emptied_();
    });
}

void Worker::retire(std::shared_ptr<Service> service) {
    boost::asio::dispatch(io_, [this, service = std::move(service)] {
        service->idle.close();
        each_conversation([&](Conversation& conversation) { conversation.retire(*service); });
    });
}

/// Visits them all, though some end by it.
template <class Visit>
void Worker::each_conversation(Visit visit) {
    std::vector<std::shared_ptr<Conversation>> all;
    for (const auto& [key, conversation] : conversations_) all.push_back(conversation);
    for (const auto& conversation : all) visit(*conversation);
}

}  // namespace smtpblock::net
