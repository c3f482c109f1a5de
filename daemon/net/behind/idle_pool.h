// Connections to the upstreams of a listener that one session has left and another one of the same
// thread may have. One that ends, or says anything, is dropped, and so is one that is too old. The
// number is limited for all threads together.
#pragma once

#include <atomic>
#include <cstddef>
#include <list>
#include <memory>
#include <optional>

#include "daemon/net/link.h"
#include "daemon/smtp/session.h"

namespace smtpblock::net {

class IdlePool {
public:
    struct Idle {
        std::shared_ptr<Link> link;
        smtp::KeptUpstream kept;
    };

    /// `all` counts those of every thread, of which there may be `most`.
    IdlePool(IoContext& io, std::size_t most, std::atomic<std::size_t>& all)
        : io_(io), most_(most), all_(all) {}
    ~IdlePool();
    IdlePool(const IdlePool&) = delete;
    IdlePool& operator=(const IdlePool&) = delete;

    /// False, and nothing happens, when there are enough.
    bool keep(const std::shared_ptr<Link>& link, const smtp::KeptUpstream& kept);
    /// The one to that upstream that was kept last; whoever takes it gets its events.
    std::optional<Idle> take(std::size_t upstream, LinkEvents& events);
    /// Drops all of them, and keeps none from now on.
    void close();

private:
    class Entry;
    using Entries = std::list<std::shared_ptr<Entry>>;

    void drop(Entry& entry);

    IoContext& io_;
    const std::size_t most_;
    std::atomic<std::size_t>& all_;
    Entries entries_;  ///< the one that was kept last first
    bool closed_ = false;
};

}  // namespace smtpblock::net
