#include "common/temporary_file.h"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "common/text.h"

namespace smtpblock {
namespace {

std::string temporary_directory() {
    const char* named = std::getenv("TMPDIR");
    return named != nullptr && *named != '\0' ? named : "/var/tmp";
}

/// Not every file system knows files without a name: there one is made with a name that is taken
/// away at once. -1: errno says why.
int open_unnamed(const std::string& directory) {
    const int unnamed =
        ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (unnamed != -1 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return unnamed;
    std::string path = directory + "/smtpblock-XXXXXX";
    const int named = ::mkostemp(path.data(), O_CLOEXEC);
    if (named != -1) ::unlink(path.c_str());
    return named;
}

}  // namespace

Result<TemporaryFile> TemporaryFile::make() {
    std::string directory = temporary_directory();
    Descriptor file(open_unnamed(directory));
    if (!file.open())
        return fail(ErrorCode::failed,
                    "{}: cannot make a temporary file: {}; set TMPDIR to another directory",
                    quoted(directory), std::strerror(errno));
    return TemporaryFile(std::move(file), std::move(directory));
}

Result<void> TemporaryFile::append(std::string_view octets) {
    while (!octets.empty()) {
        const ssize_t written =
            ::pwrite(file_.number(), octets.data(), octets.size(), static_cast<off_t>(size_));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return trouble("write", errno);
        size_ += static_cast<std::uint64_t>(written);
        octets.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> TemporaryFile::read(std::uint64_t offset, char* into, std::size_t octets) const {
    while (octets > 0) {
        const ssize_t got = ::pread(file_.number(), into, octets, static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return trouble("read", got < 0 ? errno : EIO);
        into += got;
        offset += static_cast<std::uint64_t>(got);
        octets -= static_cast<std::size_t>(got);
    }
    return {};
}

Failure TemporaryFile::trouble(std::string_view what, int number) const {
    return fail(ErrorCode::failed,
                "{}: cannot {} a temporary file: {}; set TMPDIR to a directory with more room",
                quoted(directory_), what, std::strerror(number));
}

}  // namespace smtpblock
