#include "common/record_buffer.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace smtpblock {
namespace {

using Length = std::uint32_t;
constexpr std::size_t lengths_octets = 2 * sizeof(Length);
constexpr std::size_t head_octets = sizeof(std::uint64_t);
constexpr std::size_t few = 24;  ///< so few entries are sorted by whole keys at once

std::size_t octets_of(const Record& record) {
    return lengths_octets + record.key.size() + record.value.size();
}

}  // namespace

RecordBuffer::RecordBuffer(std::size_t budget)
    : budget_(budget), capacity_(budget), octets_(std::make_unique_for_overwrite<char[]>(budget)) {}

bool RecordBuffer::add(const Record& record) {
    const std::size_t octets = octets_of(record);
    if (used_ + octets + (index_.size() + 1) * sizeof(Entry) > budget_) {
        if (!index_.empty()) return false;
        if (octets > capacity_) {
            octets_ = std::make_unique_for_overwrite<char[]>(octets);
            capacity_ = octets;
        }
    }
    const std::size_t place = used_;
    put_back(place, record);
    used_ += octets;
    index_.push_back({head_at(place, 0), place});
    return true;
}

void RecordBuffer::put_back(std::size_t place, const Record& record) {
    const std::array lengths{static_cast<Length>(record.key.size()),
                             static_cast<Length>(record.value.size())};
    char* at = octets_.get() + place;
    std::memcpy(at, lengths.data(), lengths_octets);
    at += lengths_octets;
    std::copy(record.key.begin(), record.key.end(), at);
    std::copy(record.value.begin(), record.value.end(), at + record.key.size());
}

void RecordBuffer::clear() {
    used_ = 0;
    index_.clear();
}

Record RecordBuffer::at(std::size_t place) const {
    const char* at = octets_.get() + place;
    std::array<Length, 2> lengths;
    std::memcpy(lengths.data(), at, lengths_octets);
    at += lengths_octets;
    return {{at, lengths[0]}, {at + lengths[0], lengths[1]}};
}

std::size_t RecordBuffer::after(std::size_t place) const {
    return place + octets_of(at(place));
}

void RecordBuffer::sort() {
    sort(index_, 0);
}

std::uint64_t RecordBuffer::head_at(std::size_t place, std::size_t depth) const {
    const std::string_view key = at(place).key;
    std::array<unsigned char, head_octets> octets{};
    if (key.size() > depth)
        std::memcpy(octets.data(), key.data() + depth, std::min(key.size() - depth, head_octets));
    std::uint64_t head = 0;
    for (const unsigned char octet : octets) head = head << 8U | octet;
    return head;
}

/// Sorts entries whose keys are equal up to `depth`, and whose heads are the octets from there on.
void RecordBuffer::sort(std::span<Entry> entries, std::size_t depth) {
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.head < b.head; });
    for (auto begin = entries.begin(); begin != entries.end();) {
        const auto end = std::find_if(begin + 1, entries.end(), [&](const Entry& entry) {
            return entry.head != begin->head;
        });
        if (end - begin > 1) sort_equal_heads({begin, end}, depth + head_octets);
        begin = end;
    }
}

/// Sorts entries whose keys are equal up to `depth`, but that some may end before it: such a key
/// is the beginning of the longer ones, with zeros for octets.
void RecordBuffer::sort_equal_heads(std::span<Entry> entries, std::size_t depth) {
    const auto length = [this](const Entry& entry) { return at(entry.place).key.size(); };
    if (entries.size() <= few) {
        std::sort(entries.begin(), entries.end(), [this](const Entry& a, const Entry& b) {
            const int order = at(a.place).key.compare(at(b.place).key);
            return order != 0 ? order < 0 : a.place < b.place;
        });
        return;
    }
    const auto longer = std::partition(entries.begin(), entries.end(),
                                       [&](const Entry& entry) { return length(entry) <= depth; });
    std::sort(entries.begin(), longer, [&](const Entry& a, const Entry& b) {
        const auto length_a = length(a);
        const auto length_b = length(b);
        return length_a != length_b ? length_a < length_b : a.place < b.place;
    });
    for (Entry& entry : std::span(longer, entries.end())) entry.head = head_at(entry.place, depth);
    sort({longer, entries.end()}, depth);
}

}  // namespace smtpblock
