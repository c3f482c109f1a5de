// While one lives, what is typed at the terminal of standard input is not shown there.
#pragma once

#include <termios.h>

#include <optional>

#include "common/interruption.h"

namespace smtpblock {

class HiddenInput {
public:
    HiddenInput();
    /// Puts the terminal's modes back, as a signal does that ends the process.
    ~HiddenInput();
    HiddenInput(const HiddenInput&) = delete;
    HiddenInput& operator=(const HiddenInput&) = delete;

private:
    static void show_again(void* modes_before);

    termios before_{};
    std::optional<AtInterruption> shown_again_;  ///< none: it is no terminal
};

}  // namespace smtpblock
