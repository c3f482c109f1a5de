// Says in the store that this daemon is there, where it listens and how many sessions it has, for
// `smtpblock status`: in a thread of its own, since it waits for the disk, and at most once a
// second.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "common/daemon_record.h"
#include "common/store_paths.h"
#include "daemon/guard/log.h"

namespace smtpblock {

class Presence {
public:
    /// `sessions` is called in its thread. All that is referred to must outlive it.
    Presence(StorePaths paths, std::vector<DaemonRecord::Listener> listeners,
             std::function<std::uint64_t()> sessions, guard::Log& log);
    /// Nothing is said any more.
    ~Presence();
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;

    /// From now on.
    void listeners(std::vector<DaemonRecord::Listener> listeners);

private:
    void run();
    /// Whether it could be written.
    bool write(const DaemonRecord& record);

    const StorePaths paths_;
    const std::function<std::uint64_t()> sessions_;
    guard::Log& log_;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool ends_ = false;
    DaemonRecord record_;
    bool told_ = false;  ///< that it cannot be written
    std::thread thread_;
};

}  // namespace smtpblock
