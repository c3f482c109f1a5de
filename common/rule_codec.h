// A rule as it lies in the store. The key is its pattern's (rule_key.h); the value is
//
//   octet    format, 1
//   4 octets CRC-32C of the key, then of the value without these four
//   octet    bits 0-1 direction, 2-3 action, 4 it expires, 5 the key is cut
//   number   ID
//   number   expiry, when it expires
//   number   created, then updated: seconds since 1970
//   text     who, then the description, then the pattern's subject when the key is cut
//
// with numbers and texts as octets.h writes them. The checksum covers the key as well, so that a
// value that a damaged page shows under another key is noticed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/matcher.h"
#include "common/rule.h"

namespace smtpblock {

/// What a stored rule is made of, wherever it lies.
struct RuleParts {
    std::string_view key;      ///< the pattern's
    std::string_view subject;  ///< the pattern's, of use only when the key is cut
    RuleId id = 0;
    Direction direction = Direction::both;
    Action action = Action::reject;
    std::optional<Time> expires;
    Time created;
    Time updated;
    std::string_view by;
    std::string_view description;
};

std::string encode_rule(const Rule& rule);
/// Into `value`, whose memory is used again.
void encode_rule(const RuleParts& parts, std::string& value);

/// Nothing when key or value are damaged.
std::optional<Rule> decode_rule(std::string_view key, std::string_view value);

/// The part that a decision needs. False when key or value are damaged; allocates nothing.
bool decode_facts(std::string_view key, std::string_view value, RuleFacts& facts);

/// The checksum that stands in `value`, which decode_rule() took or encode_rule() made.
std::uint32_t rule_checksum(std::string_view value);

}  // namespace smtpblock
