#include "daemon/maildir/delivery.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "common/text.h"

namespace smtpblock::maildir {
namespace {

/// A host name as it may stand in a file's name (https://cr.yp.to/proto/maildir.html).
std::string file_name_of(std::string_view host) {
    std::string name;
    for (const char c : host) {
        if (c == '/')
            name += "\\057";
        else if (c == ':')
            name += "\\072";
        else
            name += c;
    }
    return name;
}

Failure cannot(const char* what, const std::string& path) {
    const int why = errno;
    return fail(
        why == EACCES || why == EPERM ? ErrorCode::not_permitted : ErrorCode::failed,
        "cannot {} {}: {}; make it for the user of the daemon: install -d -m 700 -o USER {}", what,
        quoted(path), std::strerror(why), path);
}

Result<void> make_directory(const std::string& path) {
    if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
    return cannot("make the Maildir", path);
}

bool sync_directory(const std::string& path) {
    const int directory = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return false;
    const bool synced = fsync(directory) == 0;
    close(directory);
    return synced;
}

}  // namespace

Result<void> prepare(const std::string& directory) {
    if (auto made = make_directory(directory); !made) return made;
    for (const char* part : {"/tmp", "/new", "/cur"}) {
        const std::string path = directory + part;
        if (auto made = make_directory(path); !made) return made;
        if (access(path.c_str(), W_OK | X_OK) != 0) return cannot("write into", path);
    }
    if (!sync_directory(directory)) return cannot("sync", directory);
    return {};
}

Delivery::Delivery(const std::string& directory, std::string_view host) : directory_(directory) {
    static std::atomic<unsigned> deliveries{0};
    timeval now{};
    gettimeofday(&now, nullptr);
    started_ = std::chrono::sys_seconds(std::chrono::seconds(now.tv_sec));
    id_ = fmt::format("{}.M{}P{}Q{}", now.tv_sec, now.tv_usec, getpid(), ++deliveries);
    name_ = id_ + "." + file_name_of(host);
}

Delivery::~Delivery() {
    if (file_ >= 0) close(file_);
    if (in_tmp_) unlink((directory_ + "/tmp/" + name_).c_str());
}

bool Delivery::begin() {
    file_ = open((directory_ + "/tmp/" + name_).c_str(),
                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file_ < 0) return failed("open");
    in_tmp_ = true;
    return true;
}

bool Delivery::append(std::string_view text) {
    while (!text.empty()) {
        const auto written = write(file_, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failed("write");
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

bool Delivery::commit() {
    if (fsync(file_) != 0) return failed("sync");
    const int file = file_;
    file_ = -1;
    if (close(file) != 0) return failed("close");
    const std::string from = directory_ + "/tmp/" + name_;
    const std::string to = directory_ + "/new/" + name_;
    if (rename(from.c_str(), to.c_str()) != 0) return failed("move to new/");
    in_tmp_ = false;
    if (sync_directory(directory_ + "/new")) return true;
    failed("sync new/");
    unlink(to.c_str());  // the client will send it again
    return false;
}

bool Delivery::failed(const char* what) {
    why_ = fmt::format("cannot {}: {}", what, std::strerror(errno));
    return false;
}

}  // namespace smtpblock::maildir
