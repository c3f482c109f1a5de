#include "common/record_buffer.h"

#include <endian.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace smtpblock {
namespace {

using Length = std::uint32_t;
constexpr std::size_t lengths_octets = 2 * sizeof(Length);
constexpr std::size_t head_octets = sizeof(std::uint64_t);
constexpr std::size_t few = 24;  ///< so few entries are sorted by whole keys at once

constexpr std::size_t huge_page_octets = std::size_t{2} << 20U;

/// The eight octets of a key from `depth` on, as a number; past its end 0.
std::uint64_t head_of(std::string_view key, std::size_t depth) {
    std::uint64_t head = 0;
    if (key.size() >= depth + head_octets)
        std::memcpy(&head, key.data() + depth, head_octets);
    else if (key.size() > depth)
        std::memcpy(&head, key.data() + depth, key.size() - depth);
    return be64toh(head);
}

std::size_t octets_of(const Record& record) {
    return lengths_octets + record.key.size() + record.value.size();
}

}  // namespace

RecordBuffer::RecordBuffer(std::size_t budget)
    : budget_(budget), capacity_(budget), octets_(allocated(budget)) {}

/// Memory that is touched in large pages, where there is much of it: a fault for each small one
/// costs more than writing the record. What is not used of it is never touched, not even to mark
/// it for a sanitizer.
RecordBuffer::Octets RecordBuffer::allocated(std::size_t octets) {
    octets = std::max(octets, std::size_t{1});  // there is no empty mapping
    void* const memory =
        ::mmap(nullptr, octets, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    if (octets > huge_page_octets) ::madvise(memory, octets, MADV_HUGEPAGE);
    return {static_cast<char*>(memory), Unmap{octets}};
}

void RecordBuffer::Unmap::operator()(char* memory) const {
    ::munmap(memory, octets);
}

bool RecordBuffer::add(const Record& record) {
    const std::size_t octets = octets_of(record);
    if (used_ + octets + (index_.size() + 1) * sizeof(Entry) > budget_) {
        if (!index_.empty()) return false;
        if (octets > capacity_) {
            octets_ = allocated(octets);
            capacity_ = octets;
        }
    }
    const std::size_t place = used_;
    put_back(place, record);
    used_ += octets;
    index_.push_back({head_of(record.key, 0), place});
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
    if (entries.size() <= few) {
        std::sort(entries.begin(), entries.end(), [this](const Entry& a, const Entry& b) {
            const int order = at(a.place).key.compare(at(b.place).key);
            return order != 0 ? order < 0 : a.place < b.place;
        });
        return;
    }
    auto longer = entries.begin();
    for (Entry& entry : entries) {
        const std::string_view key = at(entry.place).key;
        if (key.size() > depth)
            entry.head = head_of(key, depth);
        else
            std::swap(entry, *longer++);
    }
    std::sort(entries.begin(), longer, [this](const Entry& a, const Entry& b) {
        const auto length_a = at(a.place).key.size();
        const auto length_b = at(b.place).key.size();
        return length_a != length_b ? length_a < length_b : a.place < b.place;
    });
    sort({longer, entries.end()}, depth);
}

}  // namespace smtpblock
