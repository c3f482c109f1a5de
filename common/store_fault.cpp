#include "common/store_fault.h"

#include <setjmp.h>
#include <signal.h>

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

struct sigaction before_sigbus;
struct sigaction before_sigsegv;

[[noreturn]] void leave(StoreFault fault) {
    Frame* const frame = innermost;
    innermost = frame->outer;
    frame->fault = fault;
    siglongjmp(frame->jump, 1);
}

void on_fault(int signal, siginfo_t* info, void*) {
    const bool sent = info->si_code <= 0;  // by a process, not by a page
    if (!sent && innermost != nullptr) leave(signal == SIGBUS ? page_is_gone : page_is_nonsense);
    ::sigaction(signal, signal == SIGBUS ? &before_sigbus : &before_sigsegv, nullptr);
    if (sent) ::raise(signal);
}

bool take_over() {
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    // Not blocked while it runs: siglongjmp() leaves it, and need not restore a mask then.
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    return ::sigaction(SIGBUS, &action, &before_sigbus) == 0 &&
           ::sigaction(SIGSEGV, &action, &before_sigsegv) == 0;
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
