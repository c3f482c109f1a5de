// Records, more than memory holds, sorted by their keys and also read in the order in which they
// were added. Memory stays within a budget: whenever it is used up, what is there is sorted and
// written as a run to a temporary file (temporary_file.h), and in the end the runs are merged.
// What fits in the budget never leaves memory. One pass merges all runs, each with a buffer of
// `run_buffer_octets` at least: at the default budget a file of a terabyte still fits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "common/record_buffer.h"
#include "common/result.h"
#include "common/temporary_file.h"

namespace smtpblock {

class RecordRun;

inline constexpr std::size_t sort_budget_octets = std::size_t{64} << 20U;
inline constexpr std::size_t run_buffer_octets = 4096;

/// Gives records one by one.
class RecordReader {
public:
    virtual ~RecordReader() = default;
    /// Nothing at the end. A record is valid until the next call. Errors: failed.
    virtual Result<std::optional<Record>> next() = 0;
};

class ExternalSort {
public:
    explicit ExternalSort(std::size_t budget = sort_budget_octets);
    ~ExternalSort();
    ExternalSort(const ExternalSort&) = delete;
    ExternalSort& operator=(const ExternalSort&) = delete;

    /// Not after the first reader was made. Errors: failed (no temporary file, disk full).
    Result<void> add(std::string_view key, std::string_view value);
    /// How many were added.
    std::uint64_t size() const { return size_; }

    /// All records by their keys, octet by octet; equal keys in the order added. The object must
    /// outlive its readers, and one reader is used at a time: the one made last. Errors: failed.
    Result<std::unique_ptr<RecordReader>> sorted();
    /// All records in the order added.
    Result<std::unique_ptr<RecordReader>> as_added();

private:
    Result<void> write_run();
    Result<void> end_of_adding();

    std::size_t budget_;
    RecordBuffer buffer_;
    std::uint64_t size_ = 0;
    bool is_sorted_ = false;
    std::optional<TemporaryFile> file_;
    std::vector<RecordRun> runs_;
};

}  // namespace smtpblock
