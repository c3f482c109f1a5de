#include "common/record_run.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace smtpblock {
namespace {

constexpr std::size_t write_octets = std::size_t{256} << 10U;

/// Before each record.
struct Head {
    std::uint64_t place;
    std::uint32_t key_octets;
    std::uint32_t value_octets;
};

}  // namespace

Result<RecordRun> write_run(TemporaryFile& file, const RecordBuffer& records) {
    RecordRun run{file.size(), file.size()};
    std::string collected;
    for (std::size_t i = 0; i < records.size(); ++i) {
        const std::size_t place = records.place(i);
        const Record record = records.at(place);
        const Head head{place, static_cast<std::uint32_t>(record.key.size()),
                        static_cast<std::uint32_t>(record.value.size())};
        collected.append(reinterpret_cast<const char*>(&head), sizeof head);
        collected.append(record.key).append(record.value);
        if (collected.size() < write_octets && i + 1 < records.size()) continue;
        if (auto written = file.append(collected); !written) return std::move(written).failure();
        collected.clear();
    }
    run.end = file.size();
    return run;
}

Result<std::optional<RecordRunReader::Entry>> RecordRunReader::next() {
    if (at_ == end_ && taken_ == buffer_.size()) return std::optional<Entry>{};
    Head head{};
    if (auto filled = fill(sizeof head); !filled) return std::move(filled).failure();
    std::memcpy(&head, buffer_.data() + taken_, sizeof head);
    const std::size_t octets = sizeof head + head.key_octets + head.value_octets;
    if (auto filled = fill(octets); !filled) return std::move(filled).failure();
    const char* key = buffer_.data() + taken_ + sizeof head;
    taken_ += octets;
    return std::optional(
        Entry{{{key, head.key_octets}, {key + head.key_octets, head.value_octets}}, head.place});
}

/// Sees to it that the next `octets` octets are in the buffer.
Result<void> RecordRunReader::fill(std::size_t octets) {
    const std::size_t left = buffer_.size() - taken_;
    if (left >= octets) return {};
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(taken_), buffer_.end(),
              buffer_.begin());
    taken_ = 0;
    const std::size_t more =
        std::min<std::uint64_t>(end_ - at_, std::max(buffer_octets_, octets) - left);
    buffer_.resize(left + more);
    auto read = file_.read(at_, buffer_.data() + left, more);
    at_ += more;
    return read;
}

}  // namespace smtpblock
