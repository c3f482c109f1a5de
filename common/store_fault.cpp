#include "common/store_fault.h"

#include <setjmp.h>
#include <signal.h>

#include <array>
#include <atomic>

namespace smtpblock {
namespace {

/// One guarded() call under way in this thread.
struct Frame {
    sigjmp_buf jump;
    Frame* outer;
    volatile int fault;
};

thread_local Frame* innermost = nullptr;

/// The signals of a fault, and who had them before.
struct Taken {
    int signal;
    StoreFault fault;
    struct sigaction before;
};
std::array<Taken, 3> taken{
    {{SIGBUS, page_is_gone, {}}, {SIGSEGV, page_is_nonsense, {}}, {SIGFPE, page_is_nonsense, {}}}};

[[noreturn]] void leave(StoreFault fault) {
    Frame* const frame = innermost;
    innermost = frame->outer;
    frame->fault = fault;
    siglongjmp(frame->jump, 1);
}

void on_fault(int signal, siginfo_t* info, void*) {
    const bool sent = info->si_code <= 0;  // by a process, not by a page
    for (const Taken& one : taken) {
        if (one.signal != signal) continue;
        if (!sent && innermost != nullptr) leave(one.fault);
        ::sigaction(signal, &one.before, nullptr);
    }
    // A fault happens again when this returns; what was sent must be sent again.
    if (sent) ::raise(signal);
}

bool take_over() {
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    // Not blocked while it runs: siglongjmp() leaves it, and need not restore a mask then.
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    for (Taken& one : taken) ::sigaction(one.signal, &action, &one.before);
    return true;
}

}  // namespace

void install_store_guard() {
    [[maybe_unused]] static const bool once = take_over();
}

void on_store_assertion() noexcept {
    if (innermost != nullptr) leave(page_is_nonsense);
}

int guarded(int (*work)(void*), void* argument) noexcept {
    Frame frame;
    frame.outer = innermost;
    frame.fault = 0;
    if (sigsetjmp(frame.jump, 0) != 0) return frame.fault;
    innermost = &frame;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    const int result = work(argument);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    innermost = frame.outer;
    return result;
}

}  // namespace smtpblock
