#include "common/interruption.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <stdexcept>
#include <string_view>

namespace smtpblock {
namespace {

constexpr std::array interruptions{SIGINT, SIGTERM, SIGHUP};
constexpr int exit_interrupted = 130;  // as a shell says of a command that SIGINT killed
constexpr int exit_failed = 1;
constexpr std::string_view was_made =
    "smtpblock: interrupted: the change was made, but not all of it was printed\n";

struct Order {
    std::atomic<AtInterruption::Clean> clean{nullptr};
    void* what = nullptr;
};

std::array<Order, 8> orders;
std::atomic<bool> made{false};

sigset_t all_interruptions() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : interruptions) ::sigaddset(&set, signal);
    return set;
}

void on_interruption(int) {
    for (const Order& order : orders)
        if (const auto clean = order.clean.load()) clean(order.what);
    if (!made) ::_exit(exit_interrupted);
    [[maybe_unused]] const auto told = ::write(STDERR_FILENO, was_made.data(), was_made.size());
    ::_exit(exit_failed);
}

}  // namespace

void end_when_interrupted() {
    made = false;
    for (const int signal : interruptions) {
        struct sigaction action {};
        ::sigaction(signal, nullptr, &action);
        if (action.sa_handler == SIG_IGN) continue;
        action = {};
        action.sa_handler = on_interruption;
        action.sa_mask = all_interruptions();
        ::sigaction(signal, &action, nullptr);
    }
}

InterruptionsWait::InterruptionsWait() {
    const sigset_t all = all_interruptions();
    ::pthread_sigmask(SIG_BLOCK, &all, &before_);
}

InterruptionsWait::~InterruptionsWait() {
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void edit_was_made() {
    made = true;
}

AtInterruption::AtInterruption(Clean clean, void* what) : place_(0) {
    while (orders[place_].clean != nullptr)
        if (++place_ == orders.size()) throw std::length_error("AtInterruption: no place is free");
    orders[place_].what = what;
    orders[place_].clean = clean;
}

AtInterruption::~AtInterruption() {
    orders[place_].clean = nullptr;
}

}  // namespace smtpblock
