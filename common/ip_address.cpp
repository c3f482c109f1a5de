#include "common/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "common/text.h"

namespace smtpblock {
namespace {

constexpr std::string_view mapped_prefix{"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12};

/// True when only the first `bits` bits of `octets` are set.
bool host_bits_clear(std::string_view octets, unsigned bits) {
    for (unsigned i = bits; i < octets.size() * 8; ++i)
        if ((static_cast<unsigned char>(octets[i / 8]) >> (7 - i % 8) & 1U) != 0) return false;
    return true;
}

/// `text` without the leading zeros of the numbers in its dotted quad, which ends it (but for a
/// bracket).
std::string without_leading_zeros(std::string_view text) {
    const auto quad = text.find_last_of("[:") + 1;  // 0 when there is neither
    std::string out(text.substr(0, quad));
    std::size_t digits = 0;  // of the number that i stands in
    for (std::size_t i = quad; i < text.size(); ++i) {
        digits = is_digit(text[i]) ? digits + 1 : 0;
        const bool more = i + 1 < text.size() && is_digit(text[i + 1]);
        const bool leading =
            text[i] == '0' && more && digits <= 2 && (out.empty() || !is_digit(out.back()));
        if (!leading) out += text[i];
    }
    return out;
}

}  // namespace

std::optional<IpAddress> IpAddress::of_literal(std::string_view text) {
    if (auto address = parse(text)) return address;
    if (std::count(text.begin(), text.end(), '.') != 3 || text.size() > 2 * INET6_ADDRSTRLEN)
        return std::nullopt;
    return parse(without_leading_zeros(text));
}

std::optional<IpAddress> IpAddress::from_octets(std::string_view octets) {
    if (octets.size() == 16 && octets.starts_with(mapped_prefix)) octets.remove_prefix(12);
    if (octets.size() != 4 && octets.size() != 16) return std::nullopt;
    IpAddress address;
    address.v4_ = octets.size() == 4;
    std::copy(octets.begin(), octets.end(), address.octets_.begin());
    return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    if (text.size() >= 2 && text.front() == '[' && text.back() == ']')
        text = text.substr(1, text.size() - 2);
    const bool tagged = starts_with_ignoring_case(text, "ipv6:");
    if (tagged) text.remove_prefix(5);
    if (text.empty() || text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
    if (text.find('\0') != std::string_view::npos) return std::nullopt;  // inet_pton stops there

    std::array<char, INET6_ADDRSTRLEN> zero_ended{};
    std::copy(text.begin(), text.end(), zero_ended.begin());
    std::array<char, 16> octets{};
    const bool has_colon = text.find(':') != std::string_view::npos;
    if (!has_colon) {
        if (tagged || inet_pton(AF_INET, zero_ended.data(), octets.data()) != 1)
            return std::nullopt;
        return from_octets({octets.data(), 4});
    }
    if (inet_pton(AF_INET6, zero_ended.data(), octets.data()) == 1)
        return from_octets({octets.data(), 16});
    return std::nullopt;
}

std::string_view IpAddress::octets() const {
    return {octets_.data(), v4_ ? 4U : 16U};
}

std::string IpAddress::text() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(v4_ ? AF_INET : AF_INET6, octets_.data(), text.data(), text.size());
    return text.data();
}

std::string IpAddress::literal() const {
    return (v4_ ? "[" : "[IPv6:") + text() + "]";
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
    const auto slash = text.find('/');
    const auto base = IpAddress::parse(text.substr(0, slash));
    if (!base) return std::nullopt;
    IpNetwork network;
    network.base_ = *base;
    network.bits_ = static_cast<unsigned>(base->octets().size() * 8);
    if (slash == std::string_view::npos) return network;

    const std::string_view digits = text.substr(slash + 1);
    unsigned bits = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc{} || end != digits.data() + digits.size() || bits > network.bits_)
        return std::nullopt;
    if (!host_bits_clear(base->octets(), bits)) return std::nullopt;
    network.bits_ = bits;
    return network;
}

bool IpNetwork::contains(const IpAddress& address) const {
    if (address.is_v4() != base_.is_v4()) return false;
    const auto ours = base_.octets();
    const auto theirs = address.octets();
    const unsigned whole = bits_ / 8;
    if (std::memcmp(ours.data(), theirs.data(), whole) != 0) return false;
    const unsigned rest = bits_ % 8;
    return rest == 0 || ((ours[whole] ^ theirs[whole]) & (0xff00U >> rest) & 0xffU) == 0;
}

bool any_contains(const std::vector<IpNetwork>& networks, const IpAddress& address) {
    return std::any_of(networks.begin(), networks.end(),
                       [&](const IpNetwork& network) { return network.contains(address); });
}

}  // namespace smtpblock
