// Faults inside LMDB as results. LMDB trusts its file: where a page is gone, reading it is a
// SIGBUS; where a page holds nonsense, LMDB follows it to a SIGSEGV, divides by it or fails an
// assertion and aborts. guarded() makes an answer of each, so that one bad file does not end a
// daemon. A fault outside guarded(), or in a thread that is not in it, goes where it went before.
#pragma once

#include <memory>
#include <type_traits>

namespace smtpblock {

/// What guarded() returns for a fault: outside LMDB's numbers and errno's.
enum StoreFault : int {
    page_is_gone = -31001,
    page_is_nonsense = -31002,
};

/// Takes SIGBUS, SIGSEGV and SIGFPE over, once a process.
void install_store_guard();

/// For mdb_env_set_assert(): ends the guarded() call that it happened in. Returns, and LMDB then
/// aborts, when there is none.
void on_store_assertion() noexcept;

/// Runs `work(argument)` and returns what it returns, or a StoreFault. After a fault `work` is
/// left where it was: it must own nothing that has to be given back, so keep it to one call of
/// LMDB and the copying of what it found.
int guarded(int (*work)(void*), void* argument) noexcept;

template <class Work>
int guarded(Work&& work) noexcept {
    using Plain = std::remove_reference_t<Work>;
    return guarded([](void* argument) { return (*static_cast<Plain*>(argument))(); },
                   const_cast<void*>(static_cast<const void*>(std::addressof(work))));
}

}  // namespace smtpblock
