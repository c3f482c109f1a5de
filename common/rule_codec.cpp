#include "common/rule_codec.h"

#include "common/crc32c.h"
#include "common/octets.h"
#include "common/rule_key.h"

namespace smtpblock {
namespace {

constexpr std::uint8_t format = 1;
constexpr std::size_t checksum_at = 1;
constexpr std::size_t checksum_octets = 4;
constexpr std::size_t body_at = checksum_at + checksum_octets;

constexpr unsigned direction_bits = 0x03;
constexpr unsigned action_shift = 2;
constexpr unsigned action_bits = 0x03;
constexpr unsigned expires_bit = 0x10;
constexpr unsigned cut_bit = 0x20;
constexpr unsigned known_bits = 0x3f;

std::uint32_t checksum_of(std::string_view key, std::string_view value) {
    const std::uint32_t head = crc32c(value.substr(0, checksum_at), crc32c(key));
    return crc32c(value.substr(body_at), head);
}

/// Reads the head of a value whose checksum is right: all up to the expiry.
bool read_facts(std::string_view key, OctetReader& body, RuleFacts& facts) {
    const unsigned bits = body.octet();
    const unsigned direction = bits & direction_bits;
    facts.direction = static_cast<Direction>(direction);
    facts.action = static_cast<Action>(bits >> action_shift & action_bits);
    facts.id = body.number();
    facts.expires.reset();
    if ((bits & expires_bit) != 0) facts.expires = body.time();
    const bool cut = (bits & cut_bit) != 0;
    return body.good() && (bits & ~known_bits) == 0 && direction != 0 && facts.id != 0 &&
           cut == (key.size() == key_octets);
}

bool sound(std::string_view key, std::string_view value) {
    return value.size() > body_at && static_cast<std::uint8_t>(value.front()) == format &&
           rule_checksum(value) == checksum_of(key, value);
}

}  // namespace

std::string encode_rule(const Rule& rule) {
    const RuleKey key = rule.pattern.key();
    std::string value;
    encode_rule(RuleParts{key.view(), rule.pattern.subject(), rule.id, rule.direction, rule.action,
                          rule.expires, rule.created, rule.updated, rule.by, rule.description},
                value);
    return value;
}

void encode_rule(const RuleParts& parts, std::string& value) {
    const bool cut = parts.key.size() == key_octets;
    unsigned bits = static_cast<unsigned>(parts.direction) | static_cast<unsigned>(parts.action)
                                                                 << action_shift;
    if (parts.expires) bits |= expires_bit;
    if (cut) bits |= cut_bit;

    value.clear();
    OctetWriter out(std::move(value));
    out.octet(format);
    out.fixed32(0);  // the checksum, once the rest is there
    out.octet(static_cast<std::uint8_t>(bits));
    out.number(parts.id);
    if (parts.expires) out.time(*parts.expires);
    out.time(parts.created);
    out.time(parts.updated);
    out.text(parts.by);
    out.text(parts.description);
    if (cut) out.text(parts.subject);
    value = out.take();

    OctetWriter checksum;
    checksum.fixed32(checksum_of(parts.key, value));
    value.replace(checksum_at, checksum_octets, checksum.take());
}

std::optional<Rule> decode_rule(std::string_view key, std::string_view value) {
    if (key.empty() || !sound(key, value)) return std::nullopt;
    OctetReader body(value.substr(body_at));
    RuleFacts facts;
    if (!read_facts(key, body, facts)) return std::nullopt;
    const Time created = body.time();
    const Time updated = body.time();
    const std::string_view by = body.text();
    const std::string_view description = body.text();
    const bool cut = key.size() == key_octets;
    const auto pattern =
        cut ? Pattern::from_subject(static_cast<PatternKind>(key.front()), body.text())
            : Pattern::from_key(key);
    if (!pattern || !body.whole() || pattern->key().view() != key) return std::nullopt;
    return Rule{facts.id,        *pattern, facts.direction, facts.action, std::string(description),
                std::string(by), created,  updated,         facts.expires};
}

bool decode_facts(std::string_view key, std::string_view value, RuleFacts& facts) {
    if (!sound(key, value)) return false;
    OctetReader body(value.substr(body_at));
    return read_facts(key, body, facts);
}

std::uint32_t rule_checksum(std::string_view value) {
    return OctetReader(value.substr(checksum_at)).fixed32();
}

}  // namespace smtpblock
