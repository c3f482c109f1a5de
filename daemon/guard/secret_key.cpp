#include "daemon/guard/secret_key.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace smtpblock::guard {

Result<std::unique_ptr<SecretKey>> SecretKey::make() {
    std::unique_ptr<SecretKey> made(new SecretKey);
    if (RAND_priv_bytes(made->key_.data(), static_cast<int>(made->key_.size())) != 1)
        return fail(ErrorCode::failed, "cannot make a key: the system gives no random octets");
    return made;
}

SecretKey::~SecretKey() {
    OPENSSL_cleanse(key_.data(), key_.size());
}

std::array<unsigned char, 32> SecretKey::hash(std::string_view text) const {
    std::array<unsigned char, 32> out{};
    unsigned int size = 0;
    const auto* octets = reinterpret_cast<const unsigned char*>(text.data());
    HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), octets, text.size(), out.data(),
         &size);
    return out;
}

smtp::KeyedHash SecretKey::keyed_hash() const {
    return [this](std::string_view text) { return hash(text); };
}

}  // namespace smtpblock::guard
