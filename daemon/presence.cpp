#include "daemon/presence.h"

#include <unistd.h>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "daemon/guard/log_record.h"

namespace smtpblock {

using namespace std::chrono_literals;

Presence::Presence(StorePaths paths, std::vector<DaemonRecord::Listener> listeners,
                   std::function<std::uint64_t()> sessions, guard::Log& log)
    : paths_(std::move(paths)), sessions_(std::move(sessions)), log_(log) {
    record_.since = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    record_.listeners = std::move(listeners);
    thread_ = std::thread([this] { run(); });
}

Presence::~Presence() {
    {
        const std::lock_guard hold(mutex_);
        ends_ = true;
    }
    ended_.notify_one();
    thread_.join();
}

void Presence::listeners(std::vector<DaemonRecord::Listener> listeners) {
    const std::lock_guard hold(mutex_);
    record_.listeners = std::move(listeners);
}

/// Those of whom nothing is left say nothing more.
void Presence::run() {
    forget_daemons(paths_, ::getpid());
    const std::string file = daemon_file(paths_, ::getpid());
    std::optional<DaemonRecord> said;
    std::unique_lock hold(mutex_);
    while (!ends_) {
        record_.sessions = sessions_();
        // What lies there may be deleted at any time.
        if (record_ != said || ::access(file.c_str(), F_OK) != 0) {
            const DaemonRecord record = record_;
            hold.unlock();
            said = write(record) ? std::optional(record) : std::nullopt;
            hold.lock();
        }
        ended_.wait_for(hold, 1s, [this] { return ends_; });
    }
    forget_daemons(paths_, ::getpid());
}

/// It is nothing to end for.
bool Presence::write(const DaemonRecord& record) try {
    const auto written = write_daemon(paths_, ::getpid(), record);
    if (written) return true;
    if (std::exchange(told_, true)) return false;
    guard::LogRecord line("store");
    line.add("detail",
             "smtpblock status cannot tell where this daemon listens: " + written.error().message);
    line.write(log_, guard::LogLevel::warning);
    return false;
} catch (const std::exception&) {  // memory is short
    return false;
}

}  // namespace smtpblock
