// What the daemons have seen of a rule: how often it matched, and the values that it caught last.
// As it lies in the store it is
//
//   octet    format, 1
//   number   hits
//   number   when the last one was: seconds since 1970
//   number   how many values; each is an octet (its field), a number (when it was caught last) and
//            a text
//
// with numbers and texts as octets.h writes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/matcher.h"
#include "common/rule.h"

namespace smtpblock {

struct SeenValue {
    Field field = Field::sender;
    std::string text;
    Time last;
};

struct SeenRecord {
    static constexpr std::size_t most_values = 5;
    static constexpr std::size_t value_octets = 512;  ///< of a longer one only so many are kept

    std::uint64_t hits = 0;
    Time last_hit;
    std::vector<SeenValue> values;  ///< each once, the one that was caught last comes first

    /// One more hit.
    void add(Field field, std::string_view text, Time when);
    /// What came later than all that is here.
    void add(const SeenRecord& later);

private:
    void put_first(SeenValue value);
};

/// By the rule's ID.
using SeenRecords = std::map<RuleId, SeenRecord>;

std::string encode_seen(const SeenRecord& record);
/// Nothing when it is none: whoever wrote it need not be trusted.
std::optional<SeenRecord> decode_seen(std::string_view octets);

}  // namespace smtpblock
