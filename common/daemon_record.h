// What a running daemon says of itself to whoever can read the store: ROOT/seen/daemon-PID, a file
// of the daemon's own that goes when it ends. It is no part of any decision.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/listener_choices.h"
#include "common/result.h"
#include "common/rule.h"
#include "common/store_paths.h"

namespace smtpblock {

struct DaemonRecord {
    static constexpr std::size_t most_octets = 64 * 1024;
    static constexpr std::size_t most_listeners = 1000;

    struct Listener {
        std::string name;
        Protocol protocol = Protocol::smtp;
        std::vector<std::string> addresses;  ///< with real ports

        friend bool operator==(const Listener&, const Listener&) = default;
    };

    Time since;  ///< it runs
    std::uint64_t sessions = 0;
    std::vector<Listener> listeners;

    friend bool operator==(const DaemonRecord&, const DaemonRecord&) = default;
};

std::string encode_daemon(const DaemonRecord& record);
/// Nothing when it is none: whoever wrote it need not be trusted.
std::optional<DaemonRecord> decode_daemon(std::string_view octets);

/// Replaces what `pid` said before. Errors: not_permitted (ROOT/seen is another user's, and not our
/// group's to write), failed.
Result<void> write_daemon(const StorePaths& paths, pid_t pid, const DaemonRecord& record);
/// The path of what `pid` says.
std::string daemon_file(const StorePaths& paths, pid_t pid);
/// Nothing when it says nothing, or nothing that we may read.
std::optional<DaemonRecord> find_daemon(const StorePaths& paths, pid_t pid);
/// Of `pid`, and of every process that is no more.
void forget_daemons(const StorePaths& paths, pid_t pid);

}  // namespace smtpblock
