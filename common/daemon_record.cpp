#include "common/daemon_record.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "common/descriptor.h"
#include "common/octets.h"
#include "common/seen_directory.h"
#include "common/store_access.h"
#include "common/time_text.h"

namespace smtpblock {
namespace {

constexpr std::uint8_t format = 1;
constexpr std::string_view prefix = "daemon-";
constexpr std::string_view unfinished_suffix = ".new";
constexpr mode_t mode = 0640;

std::string name_of(pid_t pid) {
    return fmt::format("{}{}", prefix, pid);
}

/// Of the process whose file has that name, finished or not; 0: it is no such name.
pid_t pid_of(std::string_view name) {
    if (!name.starts_with(prefix)) return 0;
    if (name.ends_with(unfinished_suffix)) name.remove_suffix(unfinished_suffix.size());
    pid_t pid = 0;
    const char* const end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + prefix.size(), end, pid);
    return read.ec == std::errc() && read.ptr == end && pid > 0 ? pid : 0;
}

bool is_gone(pid_t pid) {
    return ::kill(pid, 0) != 0 && errno == ESRCH;
}

bool write_all(int file, std::string_view octets) {
    while (!octets.empty()) {
        const ssize_t written = ::write(file, octets.data(), octets.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        octets.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

std::string encode_daemon(const DaemonRecord& record) {
    OctetWriter out;
    out.octet(format);
    out.time(record.since);
    out.number(record.sessions);
    out.number(record.listeners.size());
    for (const DaemonRecord::Listener& listener : record.listeners) {
        out.text(listener.name);
        out.octet(static_cast<std::uint8_t>(listener.protocol));
        out.number(listener.addresses.size());
        for (const std::string& address : listener.addresses) out.text(address);
    }
    return out.take();
}

/// No name and no address is empty, so that what ends too early, or says that more comes than does,
/// is noticed at once.
std::optional<DaemonRecord> decode_daemon(std::string_view octets) {
    OctetReader in(octets);
    if (in.octet() != format) return std::nullopt;
    DaemonRecord record;
    record.since = in.time();
    if (!has_text(record.since)) return std::nullopt;
    record.sessions = in.number();
    for (std::uint64_t left = in.number(); left > 0; --left) {
        DaemonRecord::Listener& listener = record.listeners.emplace_back();
        listener.name = in.text();
        const std::uint8_t protocol = in.octet();
        if (listener.name.empty() || protocol >= protocol_count ||
            record.listeners.size() > DaemonRecord::most_listeners)
            return std::nullopt;
        listener.protocol = static_cast<Protocol>(protocol);
        for (std::uint64_t more = in.number(); more > 0; --more)
            if (listener.addresses.emplace_back(in.text()).empty()) return std::nullopt;
    }
    if (!in.whole()) return std::nullopt;
    return record;
}

/// By another name first, so that nobody reads a half of it. It need not survive a power cut.
Result<void> write_daemon(const StorePaths& paths, pid_t pid, const DaemonRecord& record) {
    const auto directory = open_seen(paths);
    if (!directory) return Failure(directory.error());
    struct stat info {};
    if (::fstat(directory->number(), &info) != 0) return path_failure(paths.seen(), errno);
    const std::string name = name_of(pid);
    const std::string unfinished = fmt::format("{}{}", name, unfinished_suffix);
    const auto failure = [&] {
        const int number = errno;
        ::unlinkat(directory->number(), unfinished.c_str(), 0);
        return path_failure(fmt::format("{}/{}", paths.seen(), unfinished), number);
    };
    ::unlinkat(directory->number(), unfinished.c_str(), 0);
    const Descriptor file(::openat(directory->number(), unfinished.c_str(),
                                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.open()) return failure();
    // Who is not in that group says it nevertheless; only its members cannot read it then.
    static_cast<void>(::fchown(file.number(), static_cast<uid_t>(-1), info.st_gid) == 0);
    if (::fchmod(file.number(), mode) != 0 || !write_all(file.number(), encode_daemon(record)) ||
        ::renameat(directory->number(), unfinished.c_str(), directory->number(), name.c_str()) != 0)
        return failure();
    return {};
}

std::string daemon_file(const StorePaths& paths, pid_t pid) {
    return fmt::format("{}/{}", paths.seen(), name_of(pid));
}

std::optional<DaemonRecord> find_daemon(const StorePaths& paths, pid_t pid) {
    const Descriptor file(
        ::open(daemon_file(paths, pid).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat info {};
    if (!file.open() || ::fstat(file.number(), &info) != 0 || !S_ISREG(info.st_mode))
        return std::nullopt;
    std::string octets(DaemonRecord::most_octets, '\0');
    const ssize_t read = ::pread(file.number(), octets.data(), octets.size(), 0);
    if (read < 0) return std::nullopt;
    octets.resize(static_cast<std::size_t>(read));
    return decode_daemon(octets);
}

void forget_daemons(const StorePaths& paths, pid_t pid) {
    const auto directory = open_seen(paths);
    if (!directory) return;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(paths.seen(), error), end;
         !error && entry != end; entry.increment(error)) {
        const std::string name = entry->path().filename();
        const pid_t whose = pid_of(name);
        if (whose == pid || (whose != 0 && is_gone(whose)))
            ::unlinkat(directory->number(), name.c_str(), 0);
    }
}

}  // namespace smtpblock
