#include "daemon/net/behind/idle_pool.h"

#include <algorithm>
#include <utility>

namespace smtpblock::net {

using boost::system::error_code;

/// Nobody reads it, so whatever happens to it is its end.
class IdlePool::Entry : public LinkEvents, public std::enable_shared_from_this<Entry> {
public:
    Entry(IdlePool& pool, Idle idle) : pool_(pool), idle_(std::move(idle)), too_old_(pool.io_) {}

    void begin() {
        idle_.link->tell(*this);
        idle_.link->read(true);
        too_old_.expires_at(idle_.kept.since + smtp::oldest_kept);
        too_old_.async_wait([self = weak_from_this()](error_code error) {
            if (const auto entry = self.lock(); entry && !error) entry->drop();
        });
    }
    const Idle& idle() const { return idle_; }
    Idle take() { return std::exchange(idle_, {}); }
    void close() {
        if (idle_.link) take().link->close();
    }

private:
    void on_link_connected(Link&) override {}
    void on_link_tls(Link&) override {}
    void on_link_bytes(Link&, std::string_view) override { drop(); }
    void on_link_writable(Link&) override {}
    void on_link_eof(Link&) override { drop(); }
    void on_link_closed(Link&, std::string_view) override { drop(); }

    void drop() {
        if (idle_.link) pool_.drop(*this);
    }

    IdlePool& pool_;
    Idle idle_;
    Timer too_old_;
};

IdlePool::~IdlePool() {
    close();
}

bool IdlePool::keep(const std::shared_ptr<Link>& link, const smtp::KeptUpstream& kept) {
    if (closed_) return false;
    if (all_.fetch_add(1) >= most_) {
        --all_;
        return false;
    }
    entries_.push_front(std::make_shared<Entry>(*this, Idle{link, kept}));
    entries_.front()->begin();
    return true;
}

std::optional<IdlePool::Idle> IdlePool::take(std::size_t upstream, LinkEvents& events) {
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) {
        return entry->idle().kept.upstream == upstream;
    });
    if (found == entries_.end()) return std::nullopt;
    Idle idle = (*found)->take();
    entries_.erase(found);
    --all_;
    idle.link->tell(events);
    return idle;
}

void IdlePool::close() {
    closed_ = true;
    while (!entries_.empty()) drop(*entries_.front());
}

void IdlePool::drop(Entry& entry) {
    const auto self = entry.shared_from_this();
    entries_.remove(self);
    --all_;
    entry.close();
}

}  // namespace smtpblock::net
