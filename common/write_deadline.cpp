#include "common/write_deadline.h"

#include <fmt/format.h>
#include <unistd.h>

#include "common/store.h"
#include "common/text.h"

namespace smtpblock {
namespace {

/// Made before the alarm is set: the handler may only write it.
std::string message;

void on_alarm(int) {
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, message.data(), message.size());
    ::_exit(1);
}

}  // namespace

WriteDeadline::WriteDeadline(const std::string& root) {
    message = fmt::format(
        "smtpblock: {}: busy: another process has been writing for {} s; nothing was changed; "
        "look for a stopped smtpblock (ps -C smtpblock), then try again\n",
        quoted(root), write_patience.count());
    struct sigaction action {};
    action.sa_handler = on_alarm;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGALRM, &action, &handler_before_);
    sigset_t alarm_only;
    ::sigemptyset(&alarm_only);
    ::sigaddset(&alarm_only, SIGALRM);
    ::pthread_sigmask(SIG_UNBLOCK, &alarm_only, &mask_before_);
    ::alarm(static_cast<unsigned>(write_patience.count()));
}

WriteDeadline::~WriteDeadline() {
    ::alarm(0);
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    ::sigaction(SIGALRM, &handler_before_, nullptr);
}

}  // namespace smtpblock
