#include "daemon/net/tls/client.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <stdexcept>
#include <utility>

#include "common/ip_address.h"

namespace smtpblock::tls {

Client::Client(std::string host, bool verify)
    : host_(std::move(host)),
      is_address_(IpAddress::parse(host_).has_value()),
      context_(make_context(TLS_client_method())) {
    SSL_CTX* const context = context_.get();
    if (verify) {
        // What is not there is not trusted, and a file that is damaged may hold others as well.
        SSL_CTX_set_default_verify_paths(context);
        ERR_clear_error();
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
        X509_VERIFY_PARAM* const wanted = SSL_CTX_get0_param(context);
        X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        const int set = is_address_
                            ? X509_VERIFY_PARAM_set1_ip_asc(wanted, host_.c_str())
                            : X509_VERIFY_PARAM_set1_host(wanted, host_.data(), host_.size());
        if (set != 1) throw std::runtime_error("no TLS to " + host_ + ": " + take_openssl_error());
    }
    SSL_CTX_set_session_cache_mode(context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_set_app_data(context, this);
    SSL_CTX_sess_set_new_cb(context, remember);
}

int Client::remember(SSL* ssl, SSL_SESSION* session) {
    auto* const self = static_cast<Client*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    const std::lock_guard hold(self->mutex_);
    self->session_.reset(session);
    return 1;  // it is ours now
}

Ssl Client::stream() {
    Ssl ssl(SSL_new(context_.get()));
    if (!ssl) return ssl;
    SSL_set_connect_state(ssl.get());
    if (!is_address_)  // SSL_set_tlsext_host_name(), which is a macro with a cast
        SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(host_.c_str()));
    const std::lock_guard hold(mutex_);
    if (session_) SSL_set_session(ssl.get(), session_.get());
    return ssl;
}

}  // namespace smtpblock::tls
