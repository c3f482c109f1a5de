// A run: records in the order of their keys in a part of a temporary file, each with the place
// that it had in the buffer where they were sorted, so that the order before is not lost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/record_buffer.h"
#include "common/result.h"
#include "common/temporary_file.h"

namespace smtpblock {

/// Where a run lies.
struct RecordRun {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

/// Appends the records of a sorted buffer to `file`. Errors: failed.
Result<RecordRun> write_run(TemporaryFile& file, const RecordBuffer& records);

class RecordRunReader {
public:
    /// Reads about `buffer_octets` at a time; a record larger than that is read all the same.
    RecordRunReader(const TemporaryFile& file, const RecordRun& run, std::size_t buffer_octets)
        : file_(file), at_(run.begin), end_(run.end), buffer_octets_(buffer_octets) {}

    struct Entry {
        Record record;  ///< valid until the next call
        std::size_t place;
    };
    /// Nothing at the end. Errors: failed.
    Result<std::optional<Entry>> next();

private:
    Result<void> fill(std::size_t octets);

    const TemporaryFile& file_;
    std::uint64_t at_;  ///< of the octet behind the buffer
    std::uint64_t end_;
    std::size_t buffer_octets_;
    std::vector<char> buffer_;
    std::size_t taken_ = 0;
};

}  // namespace smtpblock
