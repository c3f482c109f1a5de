// Writes what the rules caught into the store, in a thread of its own, since it waits for the disk:
// at most once a second, and once more at the end.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "common/store_paths.h"
#include "daemon/guard/log.h"
#include "daemon/guard/sightings.h"

namespace smtpblock {

class SeenWriter {
public:
    /// All that is referred to must outlive it.
    SeenWriter(StorePaths paths, guard::Sightings& sightings, guard::Log& log);
    ~SeenWriter();
    SeenWriter(const SeenWriter&) = delete;
    SeenWriter& operator=(const SeenWriter&) = delete;

private:
    void run();
    void write(SeenRecords records);
    void tell(const std::string& why);

    const StorePaths paths_;
    guard::Sightings& sightings_;
    guard::Log& log_;
    std::optional<std::chrono::steady_clock::time_point> told_;  ///< that it cannot be written
    std::thread thread_;
};

}  // namespace smtpblock
