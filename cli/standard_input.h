// Standard input as a stream that tells an error from an end: std::cin takes a directory, or a disk
// that fails, for an empty file.
#pragma once

#include <array>
#include <streambuf>

namespace smtpblock {

class StandardInput : public std::streambuf {
protected:
    /// Throws on an error, which makes the stream bad().
    int_type underflow() override;

private:
    std::array<char, 65536> buffer_{};
};

}  // namespace smtpblock
