#include "cli/hidden_input.h"

#include <unistd.h>

namespace smtpblock {

HiddenInput::HiddenInput() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    shown_again_.emplace(show_again, &before_);
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    hidden.c_lflag |= ECHONL;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
}

HiddenInput::~HiddenInput() {
    if (shown_again_) show_again(&before_);
}

void HiddenInput::show_again(void* modes_before) {
    ::tcsetattr(STDIN_FILENO, TCSANOW, static_cast<const termios*>(modes_before));
}

}  // namespace smtpblock
