#include "common/store_record.h"

#include <algorithm>
#include <random>

#include "common/crc32c.h"
#include "common/octets.h"
#include "common/store.h"

namespace smtpblock {
namespace {

constexpr std::size_t head_octets = 8;  // format, then the checksum of the rest

bool known(std::uint8_t kind) {
    return std::find(all_pattern_kinds.begin(), all_pattern_kinds.end(),
                     static_cast<PatternKind>(kind)) != all_pattern_kinds.end();
}

constexpr std::array kinds_with_detail{PatternKind::below_domain, PatternKind::below_name,
                                       PatternKind::prefix};

}  // namespace

StoreRecord::Details* StoreRecord::details_of(PatternKind kind) {
    if (kind == PatternKind::below_domain) return &below_domain_;
    if (kind == PatternKind::below_name) return &below_name_;
    return kind == PatternKind::prefix ? &prefix_ : nullptr;
}

const StoreRecord::Details* StoreRecord::details_of(PatternKind kind) const {
    return const_cast<StoreRecord*>(this)->details_of(kind);
}

std::uint64_t StoreRecord::detail(PatternKind kind, std::uint8_t detail) const {
    const Details* const details = details_of(kind);
    return details == nullptr ? 0 : (*details)[detail];
}

void StoreRecord::count_one_more(PatternKind kind, std::string_view subject) {
    ++counts_[index(kind)];
    if (Details* const details = details_of(kind)) ++(*details)[key_detail(kind, subject)];
}

void StoreRecord::count_one_less(PatternKind kind, std::string_view subject) {
    --counts_[index(kind)];
    if (Details* const details = details_of(kind)) --(*details)[key_detail(kind, subject)];
}

std::uint64_t StoreRecord::rules() const {
    std::uint64_t sum = 0;
    for (const PatternKind kind : all_pattern_kinds) sum += count(kind);
    return sum;
}

std::uint64_t StoreRecord::rules(RuleType type) const {
    std::uint64_t sum = 0;
    for (const PatternKind kind : all_pattern_kinds)
        if (type_of(kind) == type) sum += count(kind);
    return sum;
}

std::string StoreRecord::uuid_text() const {
    std::string text;
    for (std::size_t i = 0; i < uuid.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += fmt::format("{:02x}", static_cast<unsigned char>(uuid[i]));
    }
    return text;
}

StoreRecord new_record() {
    StoreRecord record;
    std::random_device random;
    std::uniform_int_distribution<unsigned> octet(0, 255);
    for (char& c : record.uuid) c = static_cast<char>(octet(random));
    const auto set = [&](std::size_t at, unsigned keep, unsigned bits) {
        record.uuid[at] =
            static_cast<char>((static_cast<unsigned char>(record.uuid[at]) & keep) | bits);
    };
    set(6, 0x0f, 0x40);  // version 4
    set(8, 0x3f, 0x80);  // the variant of RFC 4122
    return record;
}

std::string encode_record(const StoreRecord& record) {
    OctetWriter body;
    body.raw({record.uuid.data(), record.uuid.size()});
    body.number(record.revision);
    body.number(record.next_id);
    body.time(record.last_edit);
    body.number(record.checksum);
    body.number(record.glob_revision);
    body.octet(record.paused_until ? 1 : 0);
    if (record.paused_until) body.time(*record.paused_until);
    for (const PatternKind kind : all_pattern_kinds) {
        if (record.count(kind) == 0) continue;
        body.octet(static_cast<std::uint8_t>(kind));
        body.number(record.count(kind));
    }
    body.octet(0);
    for (const PatternKind kind : kinds_with_detail)
        for (std::size_t detail = 0; detail < record.details_of(kind)->size(); ++detail) {
            const std::uint64_t count = (*record.details_of(kind))[detail];
            if (count == 0) continue;
            body.octet(static_cast<std::uint8_t>(kind));
            body.octet(static_cast<std::uint8_t>(detail));
            body.number(count);
        }
    const std::string written = body.take();

    OctetWriter whole;
    whole.fixed32(store_format);
    whole.fixed32(crc32c(written));
    whole.raw(written);
    return whole.take();
}

RecordVerdict decode_record(std::string_view octets, StoreRecord& record) {
    OctetReader head(octets);
    const std::uint32_t format = head.fixed32();
    if (head.good() && format > store_format) return RecordVerdict::newer;
    if (head.good() && format > 0 && format < store_format) return RecordVerdict::older;
    const std::uint32_t checksum = head.fixed32();
    if (!head.good() || format != store_format || octets.size() > record_octets ||
        checksum != crc32c(octets.substr(head_octets)))
        return RecordVerdict::damaged;

    record = StoreRecord{};
    OctetReader body(octets.substr(head_octets));
    const std::string_view uuid = body.raw(record.uuid.size());
    std::copy(uuid.begin(), uuid.end(), record.uuid.begin());
    record.revision = body.number();
    record.next_id = body.number();
    record.last_edit = body.time();
    record.checksum = body.number();
    record.glob_revision = body.number();
    if (body.octet() != 0) record.paused_until = body.time();
    while (const std::uint8_t kind = body.octet()) {
        // A rule of a kind that is never looked up here would let its sender pass.
        if (!known(kind)) return RecordVerdict::newer;
        record.counts_[kind] = body.number();
    }
    while (body.good() && !body.whole()) {
        auto* const details = record.details_of(static_cast<PatternKind>(body.octet()));
        if (details == nullptr) return RecordVerdict::newer;
        const std::uint8_t detail = body.octet();
        (*details)[detail] = body.number();
    }
    return body.whole() ? RecordVerdict::good : RecordVerdict::damaged;
}

}  // namespace smtpblock
