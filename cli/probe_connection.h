// A connection to the server that `probe` asks: one thread, one socket, and an end to waiting.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/descriptor.h"
#include "common/result.h"

namespace smtpblock {

struct ProbeServer {
    std::string host;  ///< a name or an address, without brackets
    std::uint16_t port = 25;
    bool has_port = false;  ///< it was written
    std::string path;       ///< of a unix socket, instead

    /// `HOST`, `HOST:PORT`, `[IPv6]`, `[IPv6]:PORT`, an IPv6 address without a port, `unix:PATH`.
    static Result<ProbeServer> parse(std::string_view written);
    std::string text() const;
};

class ProbeConnection {
public:
    /// Tries each address of the server, for so long each. A reply may take as long, from what was
    /// sent to its last octet.
    static Result<ProbeConnection> open(const ProbeServer& server,
                                        std::chrono::milliseconds patience);

    /// Sends all of `bytes`.
    Result<void> send(std::string_view bytes);
    /// What comes next; empty when the server has closed the connection.
    Result<std::string> receive();

private:
    ProbeConnection(Descriptor socket, std::string server, std::chrono::milliseconds patience)
        : socket_(std::move(socket)), server_(std::move(server)), patience_(patience) {}
    Result<void> wait_until_ready(short events);

    Descriptor socket_;
    std::string server_;
    std::chrono::milliseconds patience_;
    std::chrono::steady_clock::time_point until_ = std::chrono::steady_clock::now() + patience_;
};

}  // namespace smtpblock
