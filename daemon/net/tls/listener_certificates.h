// The certificates of all listeners, read together: at start, and again at a signal. All of them or
// none are taken, and those who are connected keep what they have.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/config.h"
#include "common/result.h"
#include "common/rule.h"
#include "daemon/guard/log.h"
#include "daemon/net/tls/server.h"
#include "daemon/net/tls/ticket_keys.h"

namespace smtpblock::tls {

class ListenerCertificates {
public:
    /// Throws std::runtime_error when the system gives no random octets.
    ListenerCertificates();

    /// What the listener is to use from read() on, which stays null without files. The reference
    /// lives as long as this object.
    const std::unique_ptr<Server>& add(std::string listener, std::vector<CertificateFiles> files);

    /// Errors as those of Certificate::load().
    Result<void> read();
    /// Says in the log what has become of it. Besides what read() refuses, a certificate that
    /// clients refuse does not take the place of one that they take.
    void read_again(guard::Log& log);

    /// Why clients refuse one of them now.
    std::vector<std::string> invalid() const;
    /// What else is wrong, which stops nobody.
    std::vector<std::string> warnings() const;
    /// Both, in the log.
    void tell_flaws(guard::Log& log) const;
    /// A line for each, with its names.
    std::string description() const;

private:
    struct Listener {
        std::string name;
        std::vector<CertificateFiles> files;
        std::unique_ptr<Server> tls;
    };
    using Fresh = std::vector<std::unique_ptr<Server>>;

    Result<Fresh> load();
    Result<void> replace();
    void take(Fresh fresh);
    template <class Visit>
    void each(Visit visit) const;

    TicketKeys keys_;
    std::vector<std::unique_ptr<Listener>> listeners_;
};

}  // namespace smtpblock::tls
