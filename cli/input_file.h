// Where a file's octets come from, piece by piece: a file, standard input, or a test's text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/descriptor.h"
#include "common/result.h"

namespace smtpblock {

/// Reads at most so many octets to where the first argument points, and says how many; 0 at the
/// end.
using OctetSource = std::function<Result<std::size_t>(char*, std::size_t)>;

class InputFile {
public:
    /// Errors: failed, not_permitted; the message names the file.
    static Result<InputFile> open(const std::string& name);
    Result<std::size_t> read(char* into, std::size_t octets);
    /// Its size; nothing for what has none, like a pipe.
    std::optional<std::uint64_t> size() const;

private:
    InputFile(Descriptor file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}

    Descriptor file_;
    std::string name_;
};

}  // namespace smtpblock
