// TLS to one upstream: its certificate and name are verified, and sessions with it are resumed.
// For any thread.
#pragma once

#include <mutex>
#include <string>

#include "daemon/net/tls/openssl.h"

namespace smtpblock::tls {

class Client {
public:
    /// `host` is a name, or an address without brackets. Trusted are the certificates of the
    /// system, or of SSL_CERT_FILE and SSL_CERT_DIR. Throws std::runtime_error.
    Client(std::string host, bool verify);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// For a new connection, before its handshake. It must not outlive the client.
    Ssl stream();

private:
    static int remember(SSL* ssl, SSL_SESSION* session);

    const std::string host_;
    const bool is_address_;
    SslContext context_;
    std::mutex mutex_;    ///< of session_
    SslSession session_;  ///< the latest that can be resumed; null at first
};

}  // namespace smtpblock::tls
