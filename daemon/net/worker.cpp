#include "daemon/net/worker.h"

#include <boost/asio/dispatch.hpp>
#include <utility>
#include <vector>

#include "daemon/guard/log_record.h"

namespace smtpblock::net {

Worker::Worker(guard::Log& log, std::function<void()> emptied)
    : log_(log), emptied_(std::move(emptied)) {}

void Worker::clear() {
    draining_ = false;
    each_connection([](Connection& connection) { connection.abandon(); });
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
        const auto connection = std::make_shared<Connection>(
            Connection::Environment{io_, std::move(service), log_, *this}, std::move(arrival),
            std::move(place), std::move(client));
        connections_.insert(connection);
        connection->start();
        if (draining_) connection->drain();
    } catch (const std::exception& error) {
        --sessions_;
        guard::LogRecord record("session");
        record.add("listener", listener).add("client", address);
        record.add("event", "failed").add("detail", error.what());
        record.write(log_, guard::LogLevel::error);
    }
}

void Worker::on_connection_ended(Connection& connection) {
    --sessions_;
    connections_.erase(connection.shared_from_this());
    if (draining_ && connections_.empty()) emptied_();
}

void Worker::drain() {
    boost::asio::dispatch(io_, [this] {
        draining_ = true;
        each_connection([](Connection& connection) { connection.drain(); });
        if (connections_.empty()) emptied_();
    });
}

void Worker::retire(std::shared_ptr<Service> service) {
    boost::asio::dispatch(io_, [service = std::move(service)] { service->idle.close(); });
}

/// Visits them all, though some end by it.
template <class Visit>
void Worker::each_connection(Visit visit) {
    const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
    for (const auto& connection : all) visit(*connection);
}

}  // namespace smtpblock::net
