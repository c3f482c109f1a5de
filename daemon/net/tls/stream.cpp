#include "daemon/net/tls/stream.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

namespace smtpblock::tls {
namespace {

void free_text(char* text) {
    OPENSSL_free(text);
}

/// What is left of an earlier call would be taken for what this one did.
void forget_errors() {
    ERR_clear_error();
    errno = 0;
}

/// What the peer was to call itself.
std::string wanted_name(SSL* ssl) {
    X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl);
    if (const char* host = X509_VERIFY_PARAM_get0_host(wanted, 0); host != nullptr) return host;
    const std::unique_ptr<char, FreedBy<free_text>> address(X509_VERIFY_PARAM_get1_ip_asc(wanted));
    return address ? address.get() : "";
}

}  // namespace

Stream::Stream(Ssl ssl, int socket) : ssl_(std::move(ssl)) {
    if (!ssl_ || SSL_set_fd(ssl_.get(), socket) != 1)
        throw std::runtime_error("no TLS: " + take_openssl_error());
}

Stream::State Stream::handshake() {
    forget_errors();
    const State state = state_after(SSL_do_handshake(ssl_.get()));
    if (state != State::ended) return state;
    why_ = "closed in the TLS handshake";
    return State::failed;
}

Stream::State Stream::read(char* buffer, std::size_t size, std::size_t& octets) {
    std::size_t read = 0;
    forget_errors();
    const State state = state_after(SSL_read_ex(ssl_.get(), buffer, size, &read));
    octets += read;
    return state;
}

Stream::State Stream::write(std::string_view bytes, std::size_t& octets) {
    std::size_t written = 0;
    forget_errors();
    const State state = state_after(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written));
    octets += written;
    return state;
}

Stream::State Stream::state_after(int result) {
    if (result == 1) return State::done;
    const int system_error = errno;
    const int error = SSL_get_error(ssl_.get(), result);
    switch (error) {
        case SSL_ERROR_WANT_READ:
            return State::wants_readable;
        case SSL_ERROR_WANT_WRITE:
            return State::wants_writable;
        case SSL_ERROR_ZERO_RETURN:
            return State::ended;
        default:
            why_ = reason(error, system_error);
            return State::failed;
    }
}

std::string Stream::reason(int error, int system_error) const {
    const std::string said = take_openssl_error();
    if (error == SSL_ERROR_SYSCALL)
        return system_error != 0 ? std::strerror(system_error) : "connection lost";
    const long verified = SSL_get_verify_result(ssl_.get());
    if (verified == X509_V_OK || SSL_get_verify_mode(ssl_.get()) == SSL_VERIFY_NONE)
        return "TLS: " + said;
    return fmt::format("certificate verify failed: {} ({})",
                       X509_verify_cert_error_string(verified), wanted_name(ssl_.get()));
}

bool Stream::has_pending() const {
    return SSL_has_pending(ssl_.get()) == 1;
}

void Stream::close_notify() {
    if (!why_.empty() || SSL_in_init(ssl_.get()) != 0) return;
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

}  // namespace smtpblock::tls
