// A random key that lives as long as the process, and HMAC-SHA-256 (RFC 2104) under it: what the
// wrong secret of a blocked login is made of.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "common/result.h"
#include "daemon/smtp/session_options.h"

namespace smtpblock::guard {

class SecretKey {
public:
    /// Errors: failed (the system gives no random octets).
    static Result<std::unique_ptr<SecretKey>> make();
    ~SecretKey();
    SecretKey(const SecretKey&) = delete;
    SecretKey& operator=(const SecretKey&) = delete;

    std::array<unsigned char, 32> hash(std::string_view text) const;
    /// hash(), for SessionOptions; the key must outlive it.
    smtp::KeyedHash keyed_hash() const;

private:
    SecretKey() = default;
    std::array<unsigned char, 32> key_{};
};

}  // namespace smtpblock::guard
