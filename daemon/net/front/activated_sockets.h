// The sockets that systemd has opened for this process and passed on under their names
// (sd_listen_fds_with_names(3)). They stay open as long as this object.
#pragma once

#include <string>
#include <vector>

#include "common/descriptor.h"
#include "common/result.h"

namespace smtpblock::net {

class ActivatedSockets {
public:
    ActivatedSockets() = default;
    /// Those that LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES tell of, which are taken out of the
    /// environment. Once a process, before it has threads.
    static ActivatedSockets take();

    /// Of all that were passed, each once, in order.
    std::vector<std::string> names() const;
    /// Descriptors of those of that name, each a new one. Errors: failed, naming those there are.
    Result<std::vector<Descriptor>> named(const std::string& name) const;

private:
    struct Socket {
        std::string name;
        Descriptor descriptor;
    };
    std::vector<Socket> sockets_;
};

}  // namespace smtpblock::net
