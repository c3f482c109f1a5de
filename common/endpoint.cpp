#include "common/endpoint.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "common/domain_name.h"
#include "common/text.h"

namespace smtpblock {
namespace {

/// What fits in a sockaddr_un with its NUL (unix(7)).
constexpr std::size_t longest_socket_path = 107;

constexpr std::size_t longest_descriptor_name = 255;

bool is_socket_path(std::string_view path) {
    return path.starts_with('/') && path.size() <= longest_socket_path &&
           path.find('\0') == std::string_view::npos;
}

struct HostPort {
    std::string_view host;  // without the brackets of an IPv6 address
    bool bracketed = false;
    std::uint16_t port = 0;
};

std::optional<HostPort> split(std::string_view written) {
    HostPort out;
    const auto colon = written.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto port = parse_port(written.substr(colon + 1));
    if (!port) return std::nullopt;
    out.port = *port;
    out.host = written.substr(0, colon);
    if (out.host.starts_with('[') && out.host.ends_with(']')) {
        out.host = out.host.substr(1, out.host.size() - 2);
        out.bracketed = true;
    }
    // An IPv6 address without brackets: which colon is the port's is anybody's guess.
    if (out.host.find_first_of(out.bracketed ? "[]" : "[]:") != std::string_view::npos)
        return std::nullopt;
    return out;
}

std::string join(std::string_view host, std::uint16_t port) {
    return host.find(':') == std::string_view::npos ? fmt::format("{}:{}", host, port)
                                                    : fmt::format("[{}]:{}", host, port);
}

}  // namespace

std::optional<std::uint16_t> parse_port(std::string_view digits) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return port;
}

Result<Endpoint> Endpoint::parse(std::string_view written) {
    const auto parts = split(written);
    const auto address = parts ? IpAddress::parse(parts->host) : std::nullopt;
    if (!address || parts->bracketed == address->is_v4())
        return fail(ErrorCode::bad_input,
                    "{}: not an address and a port; write them as 127.0.0.1:2525 or [::1]:2525",
                    quoted(written));
    return Endpoint{*address, parts->port};
}

std::string Endpoint::text() const {
    return join(address.text(), port);
}

Result<ListenAddress> ListenAddress::parse(std::string_view written) {
    constexpr std::string_view unix_scheme = "unix:";
    constexpr std::string_view systemd_scheme = "systemd:";
    ListenAddress out;
    if (written.starts_with(unix_scheme)) {
        out.kind = Kind::unix_socket;
        out.name = written.substr(unix_scheme.size());
        if (!is_socket_path(out.name))
            return fail(ErrorCode::bad_input,
                        "{}: not the path of a socket, which begins with / and has at most {} "
                        "octets; write unix:/PATH",
                        quoted(written), longest_socket_path);
        return out;
    }
    if (written.starts_with(systemd_scheme)) {
        out.kind = Kind::systemd;
        out.name = written.substr(systemd_scheme.size());
        // sd_listen_fds_with_names(3)
        if (out.name.empty() || out.name.size() > longest_descriptor_name ||
            out.name.find(':') != std::string::npos ||
            std::any_of(out.name.begin(), out.name.end(),
                        [](char c) { return is_control(c) || is_eight_bit(c); }))
            return fail(ErrorCode::bad_input,
                        "{}: not a name that FileDescriptorName= of a socket unit can have; write "
                        "systemd:NAME",
                        quoted(written));
        return out;
    }
    auto endpoint = Endpoint::parse(written);
    if (!endpoint) return std::move(endpoint).failure();
    out.endpoint = *endpoint;
    return out;
}

std::string ListenAddress::text() const {
    switch (kind) {
        case Kind::unix_socket:
            return "unix:" + name;
        case Kind::systemd:
            return "systemd:" + name;
        case Kind::tcp:
            break;
    }
    return endpoint.text();
}

Result<UpstreamAddress> UpstreamAddress::parse(std::string_view written) {
    constexpr std::string_view maildir_scheme = "maildir:";
    constexpr std::string_view unix_scheme = "smtp+unix:";
    constexpr std::string_view smtp_scheme = "smtp://";
    constexpr std::string_view smtps_scheme = "smtps://";
    if (written.starts_with(maildir_scheme)) {
        const std::string_view directory = written.substr(maildir_scheme.size());
        if (directory.empty() || directory.find('\0') != std::string_view::npos)
            return fail(ErrorCode::bad_input, "{}: no directory; write maildir:DIR",
                        quoted(written));
        return maildir(std::string(directory));
    }
    UpstreamAddress out;
    if (written.starts_with(unix_scheme)) {
        out.kind = Kind::unix_socket;
        out.path = written.substr(unix_scheme.size());
        if (!is_socket_path(out.path))
            return fail(ErrorCode::bad_input,
                        "{}: not the path of a socket, which begins with / and has at most {} "
                        "octets; write smtp+unix:/PATH",
                        quoted(written), longest_socket_path);
        return out;
    }
    out.implicit_tls = written.starts_with(smtps_scheme);
    const std::string_view scheme = out.implicit_tls                   ? smtps_scheme
                                    : written.starts_with(smtp_scheme) ? smtp_scheme
                                                                       : std::string_view{};
    const auto parts = split(written.substr(scheme.size()));
    const auto address = parts ? IpAddress::parse(parts->host) : std::nullopt;
    const bool valid = parts && parts->port != 0 &&
                       (address ? parts->bracketed != address->is_v4()
                                : !parts->bracketed && is_host_name(parts->host));
    if (!valid)
        return fail(ErrorCode::bad_input,
                    "{}: not an upstream; write smtp://HOST:PORT, such as smtp://127.0.0.1:10025, "
                    "smtps://HOST:PORT, smtp+unix:/PATH or maildir:DIR",
                    quoted(written));
    out.kind = Kind::smtp;
    out.host = address ? address->text() : std::string(parts->host);
    out.port = parts->port;
    return out;
}

UpstreamAddress UpstreamAddress::maildir(std::string directory) {
    UpstreamAddress out;
    out.path = std::move(directory);
    return out;
}

std::string UpstreamAddress::text() const {
    switch (kind) {
        case Kind::smtp:
            return (implicit_tls ? "smtps://" : "smtp://") + join(host, port);
        case Kind::unix_socket:
            return "smtp+unix:" + path;
        case Kind::maildir:
            break;
    }
    return "maildir:" + path;
}

}  // namespace smtpblock
