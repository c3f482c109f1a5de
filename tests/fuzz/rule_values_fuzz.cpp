// What lies in a store under a key. The first octet is the key's length; key and value follow, and
// the checksum of the value is set right, or hardly an input would get past it.
#include <algorithm>
#include <string>
#include <string_view>

#include "common/crc32c.h"
#include "common/rule_codec.h"
#include "common/rule_key.h"
#include "fuzz/require.h"

namespace smtpblock::fuzz {
namespace {

constexpr std::size_t checksum_at = 1;
constexpr std::size_t body_at = 5;

std::string with_checksum(std::string_view key, std::string_view value) {
    std::string out(value);
    if (out.size() < body_at) return out;
    const std::uint32_t head = crc32c(value.substr(0, checksum_at), crc32c(key));
    const std::uint32_t sum = crc32c(value.substr(body_at), head);
    for (unsigned i = 0; i < 4; ++i)
        out[checksum_at + i] = static_cast<char>(sum >> (24 - 8 * i) & 0xffU);
    return out;
}

void check(std::string_view key, std::string_view value) {
    RuleFacts facts;
    const bool known = decode_facts(key, value, facts);
    const auto rule = decode_rule(key, value);
    if (!rule) return;
    require(known && facts.id == rule->id && facts.direction == rule->direction &&
                facts.action == rule->action && facts.expires == rule->expires,
            "the part for a decision is of the rule");
    require(rule->pattern.key().view() == key, "a rule stands under its pattern's key");
    const std::string again = encode_rule(*rule);
    const auto same = decode_rule(key, again);
    require(same && same->pattern == rule->pattern && same_settings(*same, *rule) &&
                same->id == rule->id && same->by == rule->by && same->created == rule->created &&
                same->updated == rule->updated,
            "what is written is read");
    require(encode_rule(*same) == again, "in one form");
    require(rule_checksum(again) == rule_checksum(with_checksum(key, again)), "with its checksum");
}

}  // namespace
}  // namespace smtpblock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace smtpblock::fuzz;
    if (size == 0) return 0;
    std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    // A key that was cut is longer than an octet can say.
    const std::size_t octets = data[0] == 0xff ? smtpblock::key_octets : data[0];
    const std::string_view key = rest.substr(0, octets);
    rest.remove_prefix(key.size());
    check(key, rest);
    check(key, with_checksum(key, rest));
    return 0;
}
