#include "cli/daemons.h"

#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "cli/as_owner.h"
#include "common/time_text.h"

namespace smtpblock {
namespace {

bool is_daemon(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/comm", pid));
    std::string name;
    return std::getline(file, name) && name == "smtpblockd";
}

/// Those of `pids` that are daemons, each once.
std::vector<pid_t> daemons_among(std::vector<pid_t> pids) {
    std::erase_if(pids, [](pid_t pid) { return !is_daemon(pid); });
    std::sort(pids.begin(), pids.end());
    pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
    return pids;
}

}  // namespace

std::vector<pid_t> daemons_of(StoreReader& reader) {
    return daemons_among(reader.readers());
}

std::optional<DaemonRecord> record_of(const StorePaths& store, pid_t daemon) {
    if (::geteuid() != 0) return find_daemon(store, daemon);
    struct stat directory {};
    struct stat file {};
    if (::lstat(store.seen().c_str(), &directory) != 0 ||
        ::lstat(daemon_file(store, daemon).c_str(), &file) != 0 || !S_ISDIR(directory.st_mode) ||
        !S_ISREG(file.st_mode))
        return std::nullopt;
    if (is_roots_alone(directory) && is_roots_alone(file)) return find_daemon(store, daemon);
    if (file.st_uid == 0) return std::nullopt;  // a link, or moved there: it is no daemon's
    return decode_daemon(answer_as(file, DaemonRecord::most_octets, [&] {
        const auto record = find_daemon(store, daemon);
        return record ? encode_daemon(*record) : std::string();
    }));
}

void tell_where_in_force(const StoreReach& reach, Time now, Terminal& terminal) {
    if (terminal.quiet()) return;
    const auto pids = daemons_among(reach.readers);
    if (reach.paused_until && *reach.paused_until > now)
        terminal.note(fmt::format("paused until {}; 'smtpblock resume' ends it",
                                  terminal.for_people() ? local_text(*reach.paused_until)
                                                        : utc_text(*reach.paused_until)));
    else if (pids.empty())
        terminal.note("no smtpblockd runs on this store");
    else
        terminal.remark(fmt::format("in force: smtpblockd pid {}", fmt::join(pids, ",")));
}

void tell_where_in_force(const StorePaths& store, Time now, Terminal& terminal) {
    if (terminal.quiet()) return;
    auto reader = StoreReader::open(store);
    const auto state = reader ? (*reader)->state() : Result<StoreState>(StoreState{});
    if (!reader || !state)
        return terminal.note(fmt::format("cannot tell which smtpblockd reads it: {}",
                                         reader ? state.error().message : reader.error().message));
    tell_where_in_force(StoreReach{(*reader)->readers(), state->paused_until}, now, terminal);
}

void tell_effect(bool dry_run, const StorePaths& store, Time now, Terminal& terminal) {
    if (dry_run)
        terminal.note("a dry run: nothing was changed");
    else
        tell_where_in_force(store, now, terminal);
}

}  // namespace smtpblock
