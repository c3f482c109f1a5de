#include "cli/daemons.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "common/time_text.h"

namespace smtpblock {
namespace {

bool is_daemon(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/comm", pid));
    std::string name;
    return std::getline(file, name) && name == "smtpblockd";
}

}  // namespace

std::vector<pid_t> daemons_of(StoreReader& reader) {
    std::vector<pid_t> pids = reader.readers();
    pids.erase(std::remove_if(pids.begin(), pids.end(), [](pid_t pid) { return !is_daemon(pid); }),
               pids.end());
    std::sort(pids.begin(), pids.end());
    pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
    return pids;
}

void tell_where_in_force(const StorePaths& store, Time now, Terminal& terminal) {
    auto reader = StoreReader::open(store);
    if (!reader) {
        terminal.note(
            fmt::format("cannot tell which smtpblockd reads it: {}", reader.error().message));
        return;
    }
    const auto state = (*reader)->state();
    const auto pids = daemons_of(**reader);
    if (state && state->paused_until && *state->paused_until > now)
        terminal.note(fmt::format("paused until {}; 'smtpblock resume' ends it",
                                  terminal.for_people() ? local_text(*state->paused_until)
                                                        : utc_text(*state->paused_until)));
    else if (pids.empty())
        terminal.note("no smtpblockd runs on this store");
    else
        terminal.remark(fmt::format("in force: smtpblockd pid {}", fmt::join(pids, ",")));
}

}  // namespace smtpblock
