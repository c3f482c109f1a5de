// A file that nobody else sees: it has no name, and is gone with the process, however that ends.
// For what does not fit in memory. It lies in $TMPDIR, else in /var/tmp, which unlike /tmp is on a
// disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/descriptor.h"
#include "common/result.h"

namespace smtpblock {

class TemporaryFile {
public:
    /// Errors: failed; the message names the directory.
    static Result<TemporaryFile> make();

    /// Writes at the end. Errors: failed (the disk is full).
    Result<void> append(std::string_view octets);
    std::uint64_t size() const { return size_; }
    /// Reads `octets` octets from `offset` on, all of which were written. Errors: failed.
    Result<void> read(std::uint64_t offset, char* into, std::size_t octets) const;

private:
    TemporaryFile(Descriptor file, std::string directory)
        : file_(std::move(file)), directory_(std::move(directory)) {}
    Failure trouble(std::string_view what, int number) const;

    Descriptor file_;
    std::string directory_;
    std::uint64_t size_ = 0;
};

}  // namespace smtpblock
