#include "cli/spool.h"

#include <algorithm>
#include <utility>

namespace smtpblock {
namespace {

constexpr std::size_t in_memory_octets = std::size_t{4} << 20U;
constexpr std::size_t piece_octets = std::size_t{256} << 10U;

}  // namespace

void Spool::append(std::string_view text) {
    text_ += text;
    if (text_.size() < in_memory_octets) return;
    if (auto written = to_file(); !written && !failure_) failure_ = std::move(written).failure();
    text_.clear();
}

Result<void> Spool::drain(const std::function<void(std::string_view)>& print) {
    if (failure_) return std::move(*failure_);
    for (std::uint64_t at = 0; file_ && at < file_->size();) {
        std::string piece(std::min<std::uint64_t>(piece_octets, file_->size() - at), '\0');
        if (auto read = file_->read(at, piece.data(), piece.size()); !read) return read;
        print(piece);
        at += piece.size();
    }
    print(text_);
    return {};
}

Result<void> Spool::to_file() {
    if (!file_) {
        auto made = TemporaryFile::make();
        if (!made) return std::move(made).failure();
        file_.emplace(std::move(*made));
    }
    return file_->append(text_);
}

}  // namespace smtpblock
