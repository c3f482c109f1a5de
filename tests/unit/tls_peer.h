// A client in TLS for the tests of daemon/net: a blocking Peer, which verifies nothing.
#pragma once

#include <csignal>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/net/tls/openssl.h"
#include "unit/loopback.h"

namespace smtpblock::test {

class TlsPeer {
public:
    explicit TlsPeer(Peer peer) : raw(std::move(peer)), context_(SSL_CTX_new(TLS_client_method())) {
        std::signal(SIGPIPE, SIG_IGN);  // as the daemon does
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_fd(ssl_.get(), raw.descriptor());
    }

    bool shake() { return SSL_connect(ssl_.get()) == 1; }
    bool send(std::string_view bytes) {
        return bytes.empty() ||
               SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
    }
    bool receive() {
        std::array<char, 65536> part;
        const int octets = SSL_read(ssl_.get(), part.data(), static_cast<int>(part.size()));
        if (octets <= 0) return false;
        unread_.append(part.data(), static_cast<std::size_t>(octets));
        return true;
    }
    /// The next `octets`, or fewer at the end.
    std::string receive(std::size_t octets) {
        while (unread_.size() < octets && receive()) {
        }
        return std::exchange(unread_, {});
    }
    /// The last line of the next reply; empty at the end.
    std::string reply() {
        for (;;) {
            std::size_t end = 0;
            while ((end = unread_.find("\r\n")) == std::string::npos)
                if (!receive()) return {};
            const std::string line = unread_.substr(0, end);
            unread_.erase(0, end + 2);
            if (line.size() < 4 || line[3] != '-') return line;
        }
    }
    std::string say(const std::string& command) {
        send(command + "\r\n");
        return reply();
    }
    /// Says no more, as TLS does it.
    void close_notify() { SSL_shutdown(ssl_.get()); }
    /// Whether the other side has.
    bool was_notified() const {
        return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
    }

    Peer raw;  ///< what is sent here goes beside TLS

private:
    tls::SslContext context_;
    tls::Ssl ssl_;
    std::string unread_;
};

}  // namespace smtpblock::test
