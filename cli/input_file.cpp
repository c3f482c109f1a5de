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
    Descriptor file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.open()) return cannot_read(name, errno);
    return InputFile(std::move(file), name);
}

Result<std::size_t> InputFile::read(char* into, std::size_t octets) {
    for (;;) {
        const ssize_t got = ::read(file_.number(), into, octets);
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EINTR) return cannot_read(name_, errno);
    }
}

std::optional<std::uint64_t> InputFile::size() const {
    struct stat status {};
    if (::fstat(file_.number(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace smtpblock
