#include "common/external_sort.h"

#include <algorithm>
#include <utility>

#include "common/record_run.h"

namespace smtpblock {
namespace {

using Next = Result<std::optional<Record>>;

/// Past that a larger buffer saves nothing.
constexpr std::size_t large_buffer_octets = std::size_t{256} << 10U;

/// As many records ahead as memory takes to answer.
constexpr std::size_t expected_records = 12;

class SortedBufferReader final : public RecordReader {
public:
    explicit SortedBufferReader(const RecordBuffer& buffer) : buffer_(buffer) {}

    Next next() override {
        if (number_ == buffer_.size()) return std::optional<Record>{};
        buffer_.expect(number_ + expected_records);
        return std::optional(buffer_.at(buffer_.place(number_++)));
    }

private:
    const RecordBuffer& buffer_;
    std::size_t number_ = 0;
};

class BufferReader final : public RecordReader {
public:
    explicit BufferReader(const RecordBuffer& buffer) : buffer_(buffer) {}

    Next next() override {
        if (place_ == buffer_.end()) return std::optional<Record>{};
        return std::optional(buffer_.at(std::exchange(place_, buffer_.after(place_))));
    }

private:
    const RecordBuffer& buffer_;
    std::size_t place_ = 0;
};

/// Takes from several runs the record with the smallest key; of equal ones that of the first run.
class MergeReader final : public RecordReader {
public:
    MergeReader(const TemporaryFile& file, const std::vector<RecordRun>& runs,
                std::size_t run_octets) {
        for (const RecordRun& run : runs) runs_.emplace_back(file, run, run_octets);
    }

    Result<void> begin() {
        for (std::size_t i = 0; i < runs_.size(); ++i)
            if (auto pushed = push(i); !pushed) return pushed;
        return {};
    }

    Next next() override {
        if (last_)
            if (auto pushed = push(*last_); !pushed) return std::move(pushed).failure();
        last_.reset();
        if (heap_.empty()) return std::optional<Record>{};
        std::pop_heap(heap_.begin(), heap_.end(), later);
        const Head head = heap_.back();
        heap_.pop_back();
        last_ = head.run;
        return std::optional(head.record);
    }

private:
    struct Head {
        Record record;
        std::size_t run;
    };

    static bool later(const Head& a, const Head& b) {
        const int order = a.record.key.compare(b.record.key);
        return order != 0 ? order > 0 : a.run > b.run;
    }

    Result<void> push(std::size_t run) {
        auto entry = runs_[run].next();
        if (!entry) return std::move(entry).failure();
        if (!*entry) return {};
        heap_.push_back({(*entry)->record, run});
        std::push_heap(heap_.begin(), heap_.end(), later);
        return {};
    }

    std::vector<RecordRunReader> runs_;
    std::vector<Head> heap_;
    std::optional<std::size_t> last_;  ///< its record was given out, and has no successor yet
};

/// Reads run after run into memory, each record to the place it had before it was sorted.
class RestoringReader final : public RecordReader {
public:
    RestoringReader(const TemporaryFile& file, const std::vector<RecordRun>& runs,
                    RecordBuffer& buffer)
        : file_(file), runs_(runs), buffer_(buffer) {}

    Next next() override {
        if (place_ == end_) {
            if (number_ == runs_.size()) return std::optional<Record>{};
            if (auto restored = restore(runs_[number_++]); !restored)
                return std::move(restored).failure();
        }
        return std::optional(buffer_.at(std::exchange(place_, buffer_.after(place_))));
    }

private:
    Result<void> restore(const RecordRun& run) {
        RecordRunReader reader(file_, run, large_buffer_octets);
        place_ = 0;
        end_ = 0;
        for (;;) {
            auto entry = reader.next();
            if (!entry) return std::move(entry).failure();
            if (!*entry) return {};
            buffer_.put_back((*entry)->place, (*entry)->record);
            end_ = std::max(end_, buffer_.after((*entry)->place));
        }
    }

    const TemporaryFile& file_;
    const std::vector<RecordRun>& runs_;
    RecordBuffer& buffer_;
    std::size_t number_ = 0;
    std::size_t place_ = 0;
    std::size_t end_ = 0;
};

}  // namespace

ExternalSort::ExternalSort(std::size_t budget) : budget_(budget), buffer_(budget) {}
ExternalSort::~ExternalSort() = default;

Result<void> ExternalSort::add(std::string_view key, std::string_view value) {
    ++size_;
    if (buffer_.add({key, value})) return {};
    if (auto written = write_run(); !written) return written;
    buffer_.add({key, value});
    return {};
}

Result<std::unique_ptr<RecordReader>> ExternalSort::sorted() {
    if (auto ended = end_of_adding(); !ended) return std::move(ended).failure();
    if (!file_) {
        if (!std::exchange(is_sorted_, true)) buffer_.sort();
        return std::unique_ptr<RecordReader>(std::make_unique<SortedBufferReader>(buffer_));
    }
    const std::size_t share =
        std::clamp(budget_ / runs_.size(), run_buffer_octets, large_buffer_octets);
    auto merge = std::make_unique<MergeReader>(*file_, runs_, share);
    if (auto begun = merge->begin(); !begun) return std::move(begun).failure();
    return std::unique_ptr<RecordReader>(std::move(merge));
}

Result<std::unique_ptr<RecordReader>> ExternalSort::as_added() {
    if (auto ended = end_of_adding(); !ended) return std::move(ended).failure();
    if (!file_) return std::unique_ptr<RecordReader>(std::make_unique<BufferReader>(buffer_));
    return std::unique_ptr<RecordReader>(std::make_unique<RestoringReader>(*file_, runs_, buffer_));
}

/// With a run on disk all goes there, for the memory is the readers' then.
Result<void> ExternalSort::end_of_adding() {
    if (!file_ || buffer_.size() == 0) return {};
    return write_run();
}

Result<void> ExternalSort::write_run() {
    if (!file_) {
        auto made = TemporaryFile::make();
        if (!made) return std::move(made).failure();
        file_.emplace(std::move(*made));
    }
    buffer_.sort();
    auto run = smtpblock::write_run(*file_, buffer_);
    if (!run) return std::move(run).failure();
    runs_.push_back(*run);
    buffer_.clear();
    return {};
}

}  // namespace smtpblock
