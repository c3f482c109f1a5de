// Handles of OpenSSL with owners, and its errors as text. OpenSSL keeps errors in a queue of the
// thread, and what is left there spoils the next call: whoever fails takes them all.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace smtpblock::tls {

template <auto Free>
struct FreedBy {
    template <class T>
    void operator()(T* handle) const {
        Free(handle);
    }
};

using Ssl = std::unique_ptr<SSL, FreedBy<SSL_free>>;
using SslContext = std::unique_ptr<SSL_CTX, FreedBy<SSL_CTX_free>>;
using SslSession = std::unique_ptr<SSL_SESSION, FreedBy<SSL_SESSION_free>>;

/// The first error of the queue, such as `wrong version number`; the queue is empty then.
std::string take_openssl_error();

/// What is the same in front and behind: TLS 1.2 and later, no renegotiation, no compression, and
/// buffers only while there is something in them. Throws std::runtime_error.
SslContext make_context(const SSL_METHOD* method);

}  // namespace smtpblock::tls
