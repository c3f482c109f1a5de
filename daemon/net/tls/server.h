// TLS as a listener does it: with the certificate of the name that the client asks for (SNI), and
// with stateless tickets for those who come again. Made anew when certificates are read again;
// connections keep what they began with.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/net/tls/certificate.h"
#include "daemon/net/tls/openssl.h"
#include "daemon/net/tls/ticket_keys.h"

namespace smtpblock::tls {

class Server {
public:
    /// The first file pair is the default. The keys must outlive it and all its connections.
    /// Tickets are good within one `listener` only. Errors as those of Certificate::load().
    static Result<std::unique_ptr<Server>> load(const std::vector<CertificateFiles>& files,
                                                std::string_view listener, TicketKeys& keys);

    /// For a new connection, before its handshake.
    Ssl stream() const;
    const std::vector<Certificate>& certificates() const { return *certificates_; }

private:
    Server() = default;
    Result<void> make_context(std::string_view listener, TicketKeys& keys);

    std::shared_ptr<const std::vector<Certificate>> certificates_;
    SslContext context_;
};

}  // namespace smtpblock::tls
