// A socket on which clients are queued: over TCP or a unix socket, made here or by systemd.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "common/descriptor.h"
#include "common/endpoint.h"
#include "common/result.h"
#include "daemon/net/front/activated_sockets.h"
#include "daemon/net/front/arrival.h"

namespace smtpblock::net {

class ListeningSocket {
public:
    /// Those at that address: one, or all that systemd has passed under the name. The file of a
    /// unix socket that nobody listens on any more is replaced; a new one has mode 0666, as
    /// Postfix's have, so that its directory says who may connect. Errors: not_permitted, failed.
    static Result<std::vector<ListeningSocket>> open(const ListenAddress& where,
                                                     const ActivatedSockets& activated);
    ListeningSocket(ListeningSocket&&) = default;
    ListeningSocket& operator=(ListeningSocket&&) = delete;
    /// Takes the file of a unix socket away that it has made.
    ~ListeningSocket();

    int number() const { return descriptor_.number(); }
    int family() const { return family_; }
    /// As it was asked for.
    const ListenAddress& where() const { return where_; }
    /// With the real port; over a unix socket nothing.
    std::optional<Endpoint> endpoint() const;
    /// What it is, for the log.
    std::string text() const;

    /// The next client, without waiting for one; else errno says why not.
    std::optional<Arrival> accept() const;

private:
    struct File {
        std::string path;
        dev_t device;
        ino_t inode;
    };

    ListeningSocket(ListenAddress where, int family, Descriptor descriptor);
    static Result<ListeningSocket> open_tcp(const ListenAddress& where);
    static Result<ListeningSocket> open_unix(const ListenAddress& where);
    static Result<ListeningSocket> adopt(const ListenAddress& where, Descriptor descriptor);

    ListenAddress where_;
    int family_;
    Descriptor descriptor_;
    std::optional<File> file_;  ///< of the unix socket that was made here
};

}  // namespace smtpblock::net
