// An end to waiting for LMDB's write lock. The lock is a mutex in shared memory, which no signal
// interrupts; so when the time is up the process says why and ends, with nothing changed. For the
// CLI: a daemon never waits for that lock.
#pragma once

#include <signal.h>

#include <string>

namespace smtpblock {

class WriteDeadline {
public:
    /// Starts the time. `root` is the store, for the message.
    explicit WriteDeadline(const std::string& root);
    /// Stops it and puts the process's own alarm handler back.
    ~WriteDeadline();
    WriteDeadline(const WriteDeadline&) = delete;
    WriteDeadline& operator=(const WriteDeadline&) = delete;

private:
    struct sigaction handler_before_ {};
    sigset_t mask_before_{};
};

}  // namespace smtpblock
