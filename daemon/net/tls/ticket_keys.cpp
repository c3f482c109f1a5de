#include "daemon/net/tls/ticket_keys.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <stdexcept>
#include <utility>

namespace smtpblock::tls {
namespace {

constexpr auto sealing_time = std::chrono::hours(12);

bool fill(unsigned char* octets, std::size_t size) {
    return RAND_priv_bytes(octets, static_cast<int>(size)) == 1;
}

bool make(TicketKeys::Key& key) {
    return fill(key.name.data(), key.name.size()) && fill(key.cipher.data(), key.cipher.size()) &&
           fill(key.mac.data(), key.mac.size());
}

}  // namespace

TicketKeys::TicketKeys(Instant now) : next_due_(now + sealing_time) {
    if (!make(current_) || !make(previous_))
        throw std::runtime_error("no key for TLS tickets: the system gives no random octets");
}

TicketKeys::Key::~Key() {
    OPENSSL_cleanse(name.data(), name.size());
    OPENSSL_cleanse(cipher.data(), cipher.size());
    OPENSSL_cleanse(mac.data(), mac.size());
}

TicketKeys::Key TicketKeys::sealing(Instant now) {
    const std::lock_guard hold(mutex_);
    if (Key next; now >= next_due_ && make(next)) {
        previous_ = std::exchange(current_, next);
        next_due_ = now + sealing_time;
    }
    return current_;
}

std::optional<TicketKeys::Key> TicketKeys::opening(const Name& name) const {
    const std::lock_guard hold(mutex_);
    if (name == current_.name) return current_;
    if (name == previous_.name) return previous_;
    return std::nullopt;
}

}  // namespace smtpblock::tls
