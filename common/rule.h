// A rule: whom it stops (its pattern), on which way (direction), how (action), until when.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/pattern.h"

namespace smtpblock {

/// Seconds of wall-clock time: what an expiry is written in.
using Time = std::chrono::sys_seconds;

/// Never given twice, not even after a delete. 0 is none.
using RuleId = std::uint64_t;

/// Bits, so that a rule applies when its direction and the asked ones have one in common.
enum class Direction : std::uint8_t { in = 1, out = 2, both = 3 };

enum class Action : std::uint8_t { reject, defer, allow, log };

constexpr bool overlap(Direction a, Direction b) {
    return (static_cast<unsigned>(a) & static_cast<unsigned>(b)) != 0;
}

std::string_view word(RuleType type);
std::string_view word(Direction direction);
std::string_view word(Action action);
std::optional<RuleType> rule_type_of(std::string_view word);
std::optional<Direction> direction_of(std::string_view word);
std::optional<Action> action_of(std::string_view word);

struct Rule {
    RuleId id = 0;
    Pattern pattern;
    Direction direction = Direction::both;
    Action action = Action::reject;
    std::string description;
    std::string by;  ///< who made or last changed it: a login name, `root (alice)` under sudo
    Time created;
    Time updated;
    std::optional<Time> expires;
};

/// All that an administrator chooses but the pattern is the same.
bool same_settings(const Rule& a, const Rule& b);

/// True from the second `expires` on. A rule without expiry never expires.
constexpr bool expired(const std::optional<Time>& expires, Time now) {
    return expires && now >= *expires;
}

}  // namespace smtpblock
