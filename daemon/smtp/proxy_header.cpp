#include "daemon/smtp/proxy_header.h"

#include <algorithm>
#include <array>

#include "common/text.h"

namespace smtpblock::smtp {
namespace {

using State = ProxyHeader::State;
using namespace std::string_view_literals;

constexpr std::string_view v1_begin = "PROXY ";
constexpr std::size_t v1_octets = 107;
constexpr std::string_view v2_signature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t v2_fixed_octets = 16;
constexpr std::size_t v2_octets = 232;  // the fixed part and the longest addresses (of sockets)

enum Command : unsigned char { local_command = 0x20, proxy_command = 0x21 };
enum Family : unsigned char { unspecified = 0x00, tcp4 = 0x11, tcp6 = 0x21, unix_stream = 0x31 };

constexpr std::size_t tcp4_octets = 12;
constexpr std::size_t tcp6_octets = 36;
constexpr std::size_t unix_octets = 216;

/// True when `bytes` is the beginning of `whole`, or begins with it.
bool agrees(std::string_view bytes, std::string_view whole) {
    const auto octets = std::min(bytes.size(), whole.size());
    return bytes.substr(0, octets) == whole.substr(0, octets);
}

ProxyHeader complete(std::size_t octets, std::optional<Endpoint> client = std::nullopt) {
    return {State::complete, octets, client};
}

/// Up to the next space, which goes too.
std::string_view take_field(std::string_view& line) {
    const auto end = std::min(line.find(' '), line.size());
    const std::string_view field = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return field;
}

std::optional<std::uint16_t> port_of(std::string_view digits) {
    const bool canonical = digits.size() == 1 || !digits.starts_with('0');
    return canonical ? parse_port(digits) : std::nullopt;
}

/// An address of that family, without brackets or tag.
std::optional<IpAddress> address_of(std::string_view text, bool v4) {
    if (text.find_first_not_of(v4 ? "0123456789." : "0123456789abcdefABCDEF:.") !=
        std::string_view::npos)
        return std::nullopt;
    const bool has_colon = text.find(':') != std::string_view::npos;
    return has_colon == v4 ? std::nullopt : IpAddress::parse(text);
}

ProxyHeader parse_v1(std::string_view bytes) {
    const std::string_view head = bytes.substr(0, v1_octets);
    const auto end = head.find("\r\n");
    if (end == std::string_view::npos) {
        const bool full = head.size() == v1_octets;
        return {full ? State::malformed : State::more, 0, {}};
    }
    std::string_view line = head.substr(v1_begin.size(), end - v1_begin.size());
    const std::string_view family = take_field(line);
    if (family == "UNKNOWN") return complete(end + 2);
    const bool v4 = family == "TCP4";
    if (!v4 && family != "TCP6") return {};
    const auto client = address_of(take_field(line), v4);
    const auto server = address_of(take_field(line), v4);
    const auto client_port = port_of(take_field(line));
    const auto server_port = port_of(line);
    if (!client || !server || !client_port || !server_port) return {};
    return complete(end + 2, Endpoint{*client, *client_port});
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8U |
                                      static_cast<unsigned char>(bytes[at + 1]));
}

ProxyHeader parse_v2(std::string_view bytes) {
    if (bytes.size() < v2_fixed_octets) return {State::more, 0, {}};
    const auto command = static_cast<unsigned char>(bytes[12]);
    const auto family = static_cast<unsigned char>(bytes[13]);
    const std::size_t rest = number_at(bytes, 14);
    const std::size_t octets = v2_fixed_octets + rest;
    if ((command != local_command && command != proxy_command) || octets > v2_octets) return {};
    if (bytes.size() < octets) return {State::more, 0, {}};
    if (command == local_command) return complete(octets);

    const std::string_view addresses = bytes.substr(v2_fixed_octets, rest);
    switch (family) {
        case tcp4:
            if (rest < tcp4_octets) return {};
            return complete(octets, Endpoint{*IpAddress::from_octets(addresses.substr(0, 4)),
                                             number_at(addresses, 8)});
        case tcp6:
            if (rest < tcp6_octets) return {};
            return complete(octets, Endpoint{*IpAddress::from_octets(addresses.substr(0, 16)),
                                             number_at(addresses, 32)});
        case unix_stream:
            return rest < unix_octets ? ProxyHeader{} : complete(octets);
        case unspecified:
            return complete(octets);
        default:
            return {};
    }
}

void append_number(std::string& out, std::size_t number) {
    out += static_cast<char>(number >> 8U & 0xffU);
    out += static_cast<char>(number & 0xffU);
}

/// 16 octets, an IPv4 address as ::ffff:192.0.2.7.
std::string as_v6(const IpAddress& address) {
    if (!address.is_v4()) return std::string(address.octets());
    return std::string("\0\0\0\0\0\0\0\0\0\0\xff\xff"sv) + std::string(address.octets());
}

std::string header(Command command, Family family, std::string_view addresses) {
    std::string out(v2_signature);
    out += static_cast<char>(command);
    out += static_cast<char>(family);
    append_number(out, addresses.size());
    return out += addresses;
}

}  // namespace

ProxyHeader ProxyHeader::parse(std::string_view bytes) {
    if (bytes.empty()) return {State::more, 0, {}};
    if (agrees(bytes, v1_begin))
        return bytes.size() < v1_begin.size() ? ProxyHeader{State::more, 0, {}} : parse_v1(bytes);
    if (agrees(bytes, v2_signature)) return parse_v2(bytes);
    return {};
}

std::string proxy_header_for(const Endpoint& client, const Endpoint& server) {
    const bool v4 = client.address.is_v4() && server.address.is_v4();
    std::string addresses = v4 ? std::string(client.address.octets()) : as_v6(client.address);
    addresses += v4 ? std::string(server.address.octets()) : as_v6(server.address);
    append_number(addresses, client.port);
    append_number(addresses, server.port);
    return header(proxy_command, v4 ? tcp4 : tcp6, addresses);
}

std::string local_proxy_header() {
    return header(local_command, unspecified, {});
}

}  // namespace smtpblock::smtp
