// Times and durations as people write and read them. A time without a zone is local; what machines
// read is RFC 3339 in UTC.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/rule.h"

namespace smtpblock {

/// `90s`, `15m`, `2h30m`, `3d`, `1w`: numbers with units, the larger unit first, each once. At most
/// a thousand years. Errors: bad_input.
Result<std::chrono::seconds> parse_duration(std::string_view written);

/// RFC 3339 (`2026-12-01T18:00:00Z`, `…+01:00`; a space for the T, the seconds and the zone may be
/// left out), `2026-12-01` (its first second), or `18:00` (the next one after `now`). From 1970 to
/// 9999. Errors: bad_input.
Result<Time> parse_time(std::string_view written, Time now);

/// From 1970 to 9999: no other one can be written as text, nor subtracted from another.
bool has_text(Time time);

/// `2026-12-01T17:00:00Z`.
std::string utc_text(Time time);

/// `2026-12-01 18:00:00 CET`: local, for people.
std::string local_text(Time time);

/// The two largest units of a duration that is not negative: `2h30m`, `3d`, `1w2d`, `0s`. Rounded
/// down.
std::string duration_text(std::chrono::seconds duration);

}  // namespace smtpblock
