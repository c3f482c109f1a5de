// The keys of the tickets with which clients resume TLS sessions (RFC 5077, RFC 8446 4.6.1): all
// that is kept of a session is in its ticket, so that nothing is kept here. They live as long as
// the process, so that new certificates do not spoil them, and each seals for half a day only, so
// that one that leaks opens little. For any thread.
#pragma once

#include <array>
#include <chrono>
#include <mutex>
#include <optional>

namespace smtpblock::tls {

class TicketKeys {
public:
    using Instant = std::chrono::steady_clock::time_point;
    using Name = std::array<unsigned char, 16>;

    struct Key {
        Key() = default;
        Key(const Key&) = default;
        Key& operator=(const Key&) = default;
        ~Key();

        Name name{};
        std::array<unsigned char, 32> cipher{};  ///< of AES-256-CBC
        std::array<unsigned char, 32> mac{};     ///< of HMAC-SHA-256
    };

    /// Throws std::runtime_error when the system gives no random octets.
    explicit TicketKeys(Instant now);
    TicketKeys(const TicketKeys&) = delete;
    TicketKeys& operator=(const TicketKeys&) = delete;

    Key sealing(Instant now);
    /// The key of that name while its tickets are worth something.
    std::optional<Key> opening(const Name& name) const;

private:
    mutable std::mutex mutex_;  ///< for as long as a key is copied
    Key current_;
    Key previous_;
    Instant next_due_;
};

}  // namespace smtpblock::tls
