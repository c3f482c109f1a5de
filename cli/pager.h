// Shows long output a screen at a time: the program that PAGER names, else less, between us and the
// terminal. It is the user's own command, so the shell runs it. Whoever leaves it early has read
// enough; ^C is its business while it runs, and it is waited for, or two programs would read one
// keyboard.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <optional>
#include <string>
#include <string_view>

#include "common/interruption.h"

namespace smtpblock {

/// The command for the shell: `pager`, PAGER's value (null: unset); else less, when it is in `path`
/// and the terminal is not `dumb`. Nothing when PAGER is empty or `cat`.
std::optional<std::string> pager_command(const char* pager, bool dumb, std::string_view path);

class Pager {
public:
    /// Starts it. Where that fails write() answers why.
    explicit Pager(const std::string& command);
    /// Waits until the user has left it.
    ~Pager();
    Pager(const Pager&) = delete;
    Pager& operator=(const Pager&) = delete;

    /// 0, or the errno that stopped it; EPIPE when the user has left.
    int write(std::string_view text);

private:
    static void close_and_wait(void* pager);

    int start_error_ = 0;
    struct sigaction on_interrupt_before_ {};
    int pipe_ = -1;
    pid_t process_ = -1;
    AtInterruption waited_for_{close_and_wait, this};
};

/// Writes all of `text`. 0, or the errno that stopped it.
int write_all(int descriptor, std::string_view text);

}  // namespace smtpblock
