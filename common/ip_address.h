// An IPv4 or IPv6 address as a value, whatever it was spelt like.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smtpblock {

class IpAddress {
public:
    /// `192.0.2.7`, `2001:db8::1` in any spelling of RFC 4291 2.2, with or without the tag
    /// `IPv6:` (RFC 5321 4.1.3) and the brackets of an address literal. An IPv4-mapped IPv6
    /// address is the IPv4 address. Nothing when it is none of these.
    static std::optional<IpAddress> parse(std::string_view text);
    /// The same of what a mail client or its administrator says: leading zeros in an IPv4 address
    /// are taken too, its numbers being decimal (Snum of RFC 5321 4.1.3; up to three digits each).
    static std::optional<IpAddress> of_literal(std::string_view text);
    /// 4 or 16 octets, network order.
    static std::optional<IpAddress> from_octets(std::string_view octets);

    bool is_v4() const { return v4_; }
    /// 4 octets for IPv4, 16 for IPv6, in network order; lives as long as this object.
    std::string_view octets() const;
    /// `192.0.2.7` or `2001:db8::1` (RFC 5952).
    std::string text() const;
    /// `[192.0.2.7]` or `[IPv6:2001:db8::1]`: the canonical address literal.
    std::string literal() const;

    friend bool operator==(const IpAddress&, const IpAddress&) = default;

private:
    std::array<char, 16> octets_{};
    bool v4_ = false;
};

/// An address and how many of its leading bits count.
class IpNetwork {
public:
    /// `192.0.2.0/24`, `2001:db8::/32`, or a single address. Nothing when it is malformed or has
    /// host bits set.
    static std::optional<IpNetwork> parse(std::string_view text);

    bool contains(const IpAddress& address) const;

private:
    IpAddress base_;
    unsigned bits_ = 0;
};

bool any_contains(const std::vector<IpNetwork>& networks, const IpAddress& address);

}  // namespace smtpblock
