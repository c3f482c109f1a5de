// The certificates of all listeners of one configuration, read together: all of them or none are
// taken.
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
    /// The keys must outlive it and all connections.
    explicit ListenerCertificates(TicketKeys& keys) : keys_(keys) {}

    void add(std::string listener, std::vector<CertificateFiles> files);
    /// Errors as those of Certificate::load().
    Result<void> read();
    /// Errors: failed, when clients refuse one that would take the place of one that they take.
    Result<void> may_replace(const ListenerCertificates& old) const;

    /// What a listener is to use, by the order in which they were added; null without files.
    const std::shared_ptr<const Server>& of(std::size_t listener) const {
        return listeners_[listener].tls;
    }
    std::size_t count() const;
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
        std::shared_ptr<const Server> tls;
    };

    template <class Visit>
    void each(Visit visit) const;

    TicketKeys& keys_;
    std::vector<Listener> listeners_;
};

}  // namespace smtpblock::tls
