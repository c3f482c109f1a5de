#include "common/seen_record.h"

#include <algorithm>
#include <utility>

#include "common/octets.h"

namespace smtpblock {
namespace {

constexpr std::uint8_t format = 1;
constexpr Time begin_of_times{};
constexpr Time end_of_times{std::chrono::seconds{253'402'300'800}};  // the year 10000

bool is_field(std::uint8_t octet) {
    return octet <= static_cast<std::uint8_t>(Field::ehlo);
}

/// Others cannot be written as text, nor subtracted from one another.
bool is_usual(Time time) {
    return time >= begin_of_times && time < end_of_times;
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
    if (!is_usual(record.last_hit)) return std::nullopt;
    const std::uint64_t values = in.number();
    if (values > SeenRecord::most_values) return std::nullopt;
    for (std::uint64_t i = 0; i < values; ++i) {
        const std::uint8_t field = in.octet();
        const Time last = in.time();
        const std::string_view text = in.text();
        if (!is_field(field) || !is_usual(last) || text.size() > SeenRecord::value_octets)
            return std::nullopt;
        record.values.push_back({static_cast<Field>(field), std::string(text), last});
    }
    if (!in.whole()) return std::nullopt;
    return record;
}

}  // namespace smtpblock
