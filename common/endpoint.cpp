#include "common/endpoint.h"

#include <charconv>
#include <optional>
#include <utility>

#include "common/domain_name.h"
#include "common/text.h"

namespace smtpblock {
namespace {

struct HostPort {
    std::string_view host;  // without the brackets of an IPv6 address
    bool bracketed = false;
    std::uint16_t port = 0;
};

std::optional<HostPort> split(std::string_view written) {
    HostPort out;
    const auto colon = written.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const std::string_view digits = written.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
        return std::nullopt;
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

Result<Endpoint> Endpoint::parse(std::string_view written) {
    if (written.starts_with("unix:") || written.starts_with("systemd:"))
        return fail(ErrorCode::bad_input,
                    "{}: not supported by this version; write an address and a port, such as "
                    "127.0.0.1:2525 or [::1]:2525",
                    quoted(written));
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

Result<UpstreamAddress> UpstreamAddress::parse(std::string_view written) {
    if (written.starts_with("smtps://") || written.starts_with("smtp+unix:"))
        return fail(ErrorCode::bad_input,
                    "{}: not supported by this version; write smtp://HOST:PORT or maildir:DIR",
                    quoted(written));
    constexpr std::string_view maildir_scheme = "maildir:";
    if (written.starts_with(maildir_scheme)) {
        const std::string_view directory = written.substr(maildir_scheme.size());
        if (directory.empty() || directory.find('\0') != std::string_view::npos)
            return fail(ErrorCode::bad_input, "{}: no directory; write maildir:DIR",
                        quoted(written));
        return maildir(std::string(directory));
    }
    constexpr std::string_view smtp_scheme = "smtp://";
    const bool has_scheme = written.starts_with(smtp_scheme);
    const auto parts = split(has_scheme ? written.substr(smtp_scheme.size()) : written);
    const auto address = parts ? IpAddress::parse(parts->host) : std::nullopt;
    const bool valid = parts && parts->port != 0 &&
                       (address ? parts->bracketed != address->is_v4()
                                : !parts->bracketed && is_host_name(parts->host));
    if (!valid)
        return fail(ErrorCode::bad_input,
                    "{}: not an upstream; write smtp://HOST:PORT, such as smtp://127.0.0.1:10025, "
                    "or maildir:DIR",
                    quoted(written));
    UpstreamAddress out;
    out.kind = Kind::smtp;
    out.host = address ? address->text() : std::string(parts->host);
    out.port = parts->port;
    return out;
}

UpstreamAddress UpstreamAddress::maildir(std::string directory) {
    UpstreamAddress out;
    out.directory = std::move(directory);
    return out;
}

std::string UpstreamAddress::text() const {
    return kind == Kind::maildir ? "maildir:" + directory : "smtp://" + join(host, port);
}

}  // namespace smtpblock
