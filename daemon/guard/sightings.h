// What the rules caught and is still to be written into the store: told by the threads that decide,
// taken by the one that writes. Bounded: of a rule that does not fit nothing is kept.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string_view>

#include "common/seen_record.h"

namespace smtpblock::guard {

class Sightings {
public:
    explicit Sightings(std::size_t most_rules = 10000) : most_rules_(most_rules) {}

    void add(RuleId rule, Field field, std::string_view text, Time when);

    /// Waits until there are some, and then for `more` to come, or until end() is called. Takes all
    /// there are.
    SeenRecords wait(std::chrono::milliseconds more);
    /// Those that could not be written, which come before all others.
    void give_back(SeenRecords records);
    /// Nobody waits from now on.
    void end();
    bool ended() const;

private:
    const std::size_t most_rules_;
    mutable std::mutex mutex_;  ///< taken where a rule matched alone
    std::condition_variable changed_;
    SeenRecords records_;
    bool ended_ = false;
};

}  // namespace smtpblock::guard
