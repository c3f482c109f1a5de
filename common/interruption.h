// What SIGINT (^C), SIGTERM and SIGHUP do to a command: it ends at once with status 130, and the
// store is as it was. While an edit is committed they wait; once one was made, 130 would be a lie,
// so then they end the process with status 1, and it says that the edit was made.
#pragma once

#include <csignal>
#include <cstddef>

namespace smtpblock {

/// From now on a signal ends this process as above; no edit was made yet. One that is ignored
/// already (nohup, a script's job in the background) stays so.
void end_when_interrupted();

/// While one lives, signals wait.
class InterruptionsWait {
public:
    InterruptionsWait();
    ~InterruptionsWait();
    InterruptionsWait(const InterruptionsWait&) = delete;
    InterruptionsWait& operator=(const InterruptionsWait&) = delete;

private:
    sigset_t before_{};
};

/// The store has been changed for good. Called while signals wait.
void edit_was_made();

/// What is put in order before a signal ends the process, in whatever order: a temporary file, a
/// terminal's modes. At most eight at a time.
class AtInterruption {
public:
    /// Calls nothing that a signal handler may not call. `what` stays there as long as this object.
    using Clean = void (*)(void* what);

    AtInterruption(Clean clean, void* what);
    ~AtInterruption();
    AtInterruption(const AtInterruption&) = delete;
    AtInterruption& operator=(const AtInterruption&) = delete;

private:
    std::size_t place_;
};

}  // namespace smtpblock
