#include "cli/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "common/text.h"

namespace smtpblock {
namespace {

Failure cannot_read(const std::string& name, int number) {
    const bool forbidden = number == EACCES || number == EPERM;
    return fail(forbidden ? ErrorCode::not_permitted : ErrorCode::failed, "{}: cannot read: {}",
                quoted(name), std::strerror(number));
}

}  // namespace

Result<InputFile> InputFile::open(const std::string& name) {
    const int descriptor = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor == -1) return cannot_read(name, errno);
    return InputFile(descriptor, name);
}

InputFile::InputFile(InputFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), name_(std::move(other.name_)) {}

InputFile::~InputFile() {
    if (descriptor_ != -1) ::close(descriptor_);
}

Result<std::size_t> InputFile::read(char* into, std::size_t octets) {
    for (;;) {
        const ssize_t got = ::read(descriptor_, into, octets);
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EINTR) return cannot_read(name_, errno);
    }
}

std::optional<std::uint64_t> InputFile::size() const {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace smtpblock
