#include "common/seen_record.h"

#include <algorithm>
#include <utility>

#include "common/octets.h"
#include "common/time_text.h"

namespace smtpblock {
namespace {

constexpr std::uint8_t format = 1;

bool is_field(std::uint8_t octet) {
    return octet <= static_cast<std::uint8_t>(Field::ehlo);
}

}  // namespace

void SeenRecord::add(Field field, std::string_view text, Time when) {
    ++hits;
    last_hit = std::max(last_hit, when);
    put_first({field, std::string(text.substr(0, value_octets)), when});
}

void SeenRecord::add(const SeenRecord& later) {
    hits += later.hits;
    last_hit = std::max(last_hit, later.last_hit);
    for (auto value = later.values.rbegin(); value != later.values.rend(); ++value)
        put_first(*value);
}

void SeenRecord::put_first(SeenValue value) {
    std::erase_if(values, [&](const SeenValue& known) {
        return known.field == value.field && known.text == value.text;
    });
    if (values.size() == most_values) values.pop_back();
    values.insert(values.begin(), std::move(value));
}

std::string encode_seen(const SeenRecord& record) {
    OctetWriter out;
    out.octet(format);
    out.number(record.hits);
    out.time(record.last_hit);
    out.number(record.values.size());
    for (const SeenValue& value : record.values) {
        out.octet(static_cast<std::uint8_t>(value.field));
        out.time(value.last);
        out.text(value.text);
    }
    return out.take();
}

std::optional<SeenRecord> decode_seen(std::string_view octets) {
    OctetReader in(octets);
    if (in.octet() != format) return std::nullopt;
    SeenRecord record;
    record.hits = in.number();
    record.last_hit = in.time();
    if (!has_text(record.last_hit)) return std::nullopt;
    const std::uint64_t values = in.number();
    if (values > SeenRecord::most_values) return std::nullopt;
    for (std::uint64_t i = 0; i < values; ++i) {
        const std::uint8_t field = in.octet();
        const Time last = in.time();
        const std::string_view text = in.text();
        if (!is_field(field) || !has_text(last) || text.size() > SeenRecord::value_octets)
            return std::nullopt;
        record.values.push_back({static_cast<Field>(field), std::string(text), last});
    }
    if (!in.whole()) return std::nullopt;
    return record;
}

}  // namespace smtpblock
