#include "daemon/net/front/activated_sockets.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "common/text.h"

namespace smtpblock::net {
namespace {

constexpr int first_descriptor = 3;  // SD_LISTEN_FDS_START
constexpr int most_descriptors = 4096;

std::string taken_variable(const char* name) {
    const char* const value = std::getenv(name);
    std::string out = value == nullptr ? "" : value;
    ::unsetenv(name);
    return out;
}

std::optional<int> number_in(const std::string& text) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

std::string next_name(std::string_view& names) {
    const auto end = names.find(':');
    const std::string name(names.substr(0, end));
    names.remove_prefix(end == std::string_view::npos ? names.size() : end + 1);
    return name.empty() ? "unknown" : name;
}

}  // namespace

ActivatedSockets ActivatedSockets::take() {
    const auto process = number_in(taken_variable("LISTEN_PID"));
    const auto sockets = number_in(taken_variable("LISTEN_FDS"));
    const std::string all_names = taken_variable("LISTEN_FDNAMES");
    ActivatedSockets out;
    if (process != ::getpid() || !sockets || *sockets > most_descriptors) return out;
    std::string_view names = all_names;
    for (int number = first_descriptor; number < first_descriptor + *sockets; ++number) {
        if (::fcntl(number, F_SETFD, FD_CLOEXEC) != 0) break;
        out.sockets_.push_back({next_name(names), Descriptor(number)});
    }
    return out;
}

std::vector<std::string> ActivatedSockets::names() const {
    std::vector<std::string> out;
    for (const Socket& socket : sockets_) out.push_back(socket.name);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

Result<std::vector<Descriptor>> ActivatedSockets::named(const std::string& name) const {
    std::vector<Descriptor> out;
    for (const Socket& socket : sockets_) {
        if (socket.name != name) continue;
        out.emplace_back(::fcntl(socket.descriptor.number(), F_DUPFD_CLOEXEC, 0));
        if (!out.back().open())
            return fail(ErrorCode::failed, "systemd:{}: {}", name, std::strerror(errno));
    }
    if (!out.empty()) return out;
    if (sockets_.empty())
        return fail(ErrorCode::failed,
                    "systemd:{}: systemd has passed no socket; start the socket unit that has "
                    "FileDescriptorName={}",
                    name, name);
    std::vector<std::string> others = names();
    for (std::string& other : others) other = quoted(other);
    return fail(ErrorCode::failed, "systemd:{}: systemd has passed no socket of that name, but {}",
                name, fmt::join(others, ", "));
}

}  // namespace smtpblock::net
