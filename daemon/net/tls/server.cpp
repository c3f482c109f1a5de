#include "daemon/net/tls/server.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/text.h"

namespace smtpblock::tls {
namespace {

using Certificates = std::shared_ptr<const std::vector<Certificate>>;

void free_certificates(void*, void* certificates, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<Certificates*>(certificates);
}

/// Where a context keeps the certificates that its connections choose from, which may outlive the
/// Server.
int certificates_index() {
    static const int index =
        SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_certificates);
    return index;
}

enum class OnOneOfItsType : int { keep, replace };

bool use(SSL_CTX* context, const Certificate& one, OnOneOfItsType action) {
    return SSL_CTX_use_cert_and_key(context, one.leaf(), one.key(), one.between(),
                                    static_cast<int>(action)) == 1;
}

/// Those for that name: one of each type of key. The first of a type counts.
int choose_certificate(SSL* ssl, void*) {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return 1;
    const auto& certificates = **static_cast<const Certificates*>(
        SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), certificates_index()));
    bool chosen = false;
    for (const Certificate& one : certificates) {
        if (!one.is_for(name)) continue;
        if (!std::exchange(chosen, true)) SSL_certs_clear(ssl);
        SSL_use_cert_and_key(ssl, one.leaf(), one.key(), one.between(), 0);
    }
    ERR_clear_error();  // a second one of a type is refused
    return 1;
}

/// Begins to seal or to open a ticket; what OpenSSL's SSL_CTX_set_tlsext_ticket_key_evp_cb(3)
/// calls.
int use_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                   EVP_MAC_CTX* mac, int seals) {
    auto& keys = *static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    const TicketKeys::Key newest = keys.sealing(std::chrono::steady_clock::now());
    std::optional<TicketKeys::Key> key = newest;
    if (seals == 0) {
        TicketKeys::Name wanted;
        std::copy_n(name, wanted.size(), wanted.begin());
        key = keys.opening(wanted);
        if (!key) return 0;  // a full handshake
    } else {
        std::copy(key->name.begin(), key->name.end(), name);
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
    }
    std::string digest = "SHA256";
    auto mac_key = key->mac;
    const std::array parameters{
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key.data(), mac_key.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    const bool ready =
        EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv, seals) == 1 &&
        EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
    OPENSSL_cleanse(mac_key.data(), mac_key.size());
    if (!ready) return -1;
    // 2: the client gets a new one, and always in TLS 1.3, where each is used once (RFC 8446 C.4).
    return seals == 0 && (key->name != newest.name || SSL_version(ssl) == TLS1_3_VERSION) ? 2 : 1;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::load(const std::vector<CertificateFiles>& files,
                                             std::string_view listener, TicketKeys& keys) {
    std::vector<Certificate> certificates;
    for (const CertificateFiles& pair : files) {
        auto certificate = Certificate::load(pair);
        if (!certificate) return std::move(certificate).failure();
        certificates.push_back(*std::move(certificate));
    }
    std::unique_ptr<Server> made(new Server);
    made->certificates_ = std::make_shared<const std::vector<Certificate>>(std::move(certificates));
    if (auto ready = made->make_context(listener, keys); !ready) return std::move(ready).failure();
    return made;
}

Result<void> Server::make_context(std::string_view listener, TicketKeys& keys) {
    context_ = tls::make_context(TLS_server_method());
    SSL_CTX* const context = context_.get();
    // Those who ask for no name, or for one that is not here, get the first; a pair of the same
    // names and another type of key goes with it.
    const Certificate& first = certificates_->front();
    const SslContext trial = tls::make_context(TLS_server_method());
    for (const Certificate& one : *certificates_) {
        if (!use(trial.get(), one, OnOneOfItsType::replace))
            return fail(ErrorCode::failed, "{}: OpenSSL does not take it: {}",
                        quoted(one.files().chain), take_openssl_error());
        if (one.names() == first.names()) use(context, one, OnOneOfItsType::keep);
    }
    ERR_clear_error();
    SSL_CTX_set_cert_cb(context, choose_certificate, nullptr);
    SSL_CTX_set_ex_data(context, certificates_index(), new Certificates(certificates_));

    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    const auto* id = reinterpret_cast<const unsigned char*>(listener.data());
    const auto id_size = std::min<std::size_t>(listener.size(), SSL_MAX_SID_CTX_LENGTH);
    SSL_CTX_set_session_id_context(context, id, static_cast<unsigned int>(id_size));
    SSL_CTX_set_app_data(context, &keys);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, use_ticket_key);
    SSL_CTX_set_dh_auto(context, 1);
    return {};
}

Ssl Server::stream() const {
    Ssl ssl(SSL_new(context_.get()));
    if (ssl) SSL_set_accept_state(ssl.get());
    return ssl;
}

}  // namespace smtpblock::tls
