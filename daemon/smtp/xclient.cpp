#include "daemon/smtp/xclient.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/domain_name.h"
#include "common/endpoint.h"
#include "common/text.h"
#include "daemon/smtp/xtext.h"

namespace smtpblock::smtp {
namespace {

constexpr std::size_t command_octets = 512;
constexpr std::string_view unavailable = "[UNAVAILABLE]";
constexpr std::string_view temporarily = "[TEMPUNAVAIL]";
constexpr std::string_view ipv6_tag = "IPV6:";

bool is_unknown(std::string_view value) {
    return equal_ignoring_case(value, unavailable) || equal_ignoring_case(value, temporarily);
}

std::optional<IpAddress> address_of(std::string_view value) {
    const bool tagged = starts_with_ignoring_case(value, ipv6_tag);
    if (tagged) value.remove_prefix(ipv6_tag.size());
    if (value.find_first_of("[]") != std::string_view::npos) return std::nullopt;
    const bool v6 = value.find(':') != std::string_view::npos;
    return tagged == v6 ? IpAddress::parse(value) : std::nullopt;
}

std::optional<bool> esmtp_of(std::string_view value) {
    if (equal_ignoring_case(value, "ESMTP")) return true;
    if (equal_ignoring_case(value, "SMTP")) return false;
    return std::nullopt;
}

std::optional<std::string> host_of(std::string_view value) {
    return is_host_name(value) ? std::optional(std::string(value)) : std::nullopt;
}

/// As EHLO takes one: what is no text could not have been said there.
std::optional<std::string> helo_of(std::string_view value) {
    const bool sound =
        !value.empty() && is_utf8(value) &&
        std::none_of(value.begin(), value.end(), [](char c) { return is_control(c) || c == ' '; });
    return sound ? std::optional(std::string(value)) : std::nullopt;
}

/// False when `value` is neither unknown nor what `read` takes.
template <class T>
bool set(Xclient::Attribute<T>& attribute, std::string_view value,
         std::optional<T> (*read)(std::string_view)) {
    attribute.emplace();
    if (is_unknown(value)) return true;
    *attribute = read(value);
    return attribute->has_value();
}

bool take(Xclient& out, std::string_view name, std::string_view value) {
    if (equal_ignoring_case(name, "NAME")) {
        // Whether the DNS has no name or did not answer is for the server behind to know.
        if (!equal_ignoring_case(value, temporarily)) return set(out.name, value, host_of);
        out.name.emplace(std::string(temporarily));
        return true;
    }
    if (equal_ignoring_case(name, "ADDR")) return set(out.addr, value, address_of);
    if (equal_ignoring_case(name, "PORT")) return set(out.port, value, parse_port);
    if (equal_ignoring_case(name, "PROTO")) return set(out.esmtp, value, esmtp_of);
    if (equal_ignoring_case(name, "HELO")) return set(out.helo, value, helo_of);
    if (equal_ignoring_case(name, "DESTADDR")) return set(out.destaddr, value, address_of);
    if (equal_ignoring_case(name, "DESTPORT")) return set(out.destport, value, parse_port);
    return false;
}

std::string attribute(std::string_view name, std::string_view value) {
    return fmt::format(" {}={}", name, value.empty() ? unavailable : value);
}

}  // namespace

std::optional<Xclient> Xclient::parse(std::string_view argument, std::string& bad) {
    Xclient out;
    bad = "XCLIENT";
    while (!argument.empty()) {
        const std::string_view word = argument.substr(0, argument.find(' '));
        argument.remove_prefix(std::min(word.size() + 1, argument.size()));
        if (word.empty()) continue;
        const auto equals = word.find('=');
        bad = word.substr(0, equals);
        if (equals == std::string_view::npos) return std::nullopt;
        const auto value = decoded_xtext(word.substr(equals + 1));
        if (!value || !take(out, word.substr(0, equals), *value)) return std::nullopt;
        bad.clear();
    }
    return bad.empty() ? std::optional(std::move(out)) : std::nullopt;
}

std::vector<std::string> xclient_commands(const XclientIdentity& identity) {
    constexpr std::string_view verb = "XCLIENT";
    const std::size_t room = command_octets - verb.size() - 2;
    std::string addr;
    if (identity.addr)
        addr = fmt::format("{}{}", identity.addr->is_v4() ? "" : ipv6_tag, identity.addr->text());
    std::string helo = attribute("HELO", encoded_xtext(identity.helo));
    // It could not be said at all; the greeting that follows says it.
    if (helo.size() > room) helo = attribute("HELO", "");

    const bool name_is_known = !identity.name.empty();
    std::vector<std::string> attributes{
        attribute("NAME", name_is_known && identity.name.front() == '['
                              ? identity.name
                              : encoded_xtext(identity.name)),
        attribute("ADDR", addr),
        attribute("PORT", identity.port ? fmt::format("{}", *identity.port) : ""),
        attribute("PROTO", identity.esmtp ? "ESMTP" : "SMTP"),
        std::move(helo),
    };
    std::vector<std::string> commands;
    for (const std::string& one : attributes) {
        if (commands.empty() || commands.back().size() + one.size() + 2 > command_octets)
            commands.emplace_back(verb);
        commands.back() += one;
    }
    for (std::string& command : commands) command += "\r\n";
    return commands;
}

}  // namespace smtpblock::smtp
