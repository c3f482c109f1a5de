// Records, each a key and what goes with it, in memory of a fixed size: kept in the order in which
// they were added, and sorted by an index beside them. The index has the next eight octets of each
// key in it, so that most comparisons touch no record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace smtpblock {

struct Record {
    std::string_view key;
    std::string_view value;
};

class RecordBuffer {
public:
    /// `budget` octets for records and index together. Memory that no record needs is not touched.
    explicit RecordBuffer(std::size_t budget);

    /// False when there is no room for it; but an empty buffer grows until it has. Key and value
    /// have less than 4 GB each. Undoes sort().
    bool add(const Record& record);
    /// Puts a record back at the place where at() found it, in a buffer without an index.
    void put_back(std::size_t place, const Record& record);
    void clear();

    std::size_t size() const { return index_.size(); }
    /// The octets that the records take, which is the place behind the last.
    std::size_t end() const { return used_; }
    /// The record at a place: 0 has the first that was added. Valid until clear() or add().
    Record at(std::size_t place) const;
    /// The place of the record that was added next.
    std::size_t after(std::size_t place) const;

    /// Brings the index into the order of the keys, octet by octet; equal keys in the order added.
    void sort();
    /// The place of the record that has that number in the index.
    std::size_t place(std::size_t number) const { return index_[number].place; }
    /// Brings that record nearer, before it is asked for: in the order of the keys each one lies
    /// somewhere else, and memory is slow to answer.
    void expect(std::size_t number) const {
        if (number < index_.size()) __builtin_prefetch(octets_.get() + place(number));
    }

private:
    struct Entry {
        std::uint64_t head;  ///< eight octets of the key, as a number; past its end 0
        std::uint64_t place;
    };

    struct Unmap {
        std::size_t octets = 0;
        void operator()(char* memory) const;
    };
    using Octets = std::unique_ptr<char[], Unmap>;

    static Octets allocated(std::size_t octets);
    void sort(std::span<Entry> entries, std::size_t depth);
    void sort_equal_heads(std::span<Entry> entries, std::size_t depth);

    std::size_t budget_;
    std::size_t capacity_;
    std::size_t used_ = 0;
    Octets octets_;
    std::vector<Entry> index_;
};

}  // namespace smtpblock
