// What stands behind XCLIENT; and the same octets as an EHLO name, which may be anything.
#include <algorithm>
#include <string>
#include <string_view>

#include "common/text.h"
#include "daemon/smtp/xclient.h"
#include "fuzz/require.h"

namespace smtpblock::fuzz {
namespace {

using smtp::Xclient;
using smtp::XclientIdentity;

constexpr std::string_view verb = "XCLIENT ";

/// Of one attribute: absent when it was not named, or is unknown.
template <class T>
std::optional<T> value(const Xclient::Attribute<T>& attribute) {
    return attribute ? *attribute : std::nullopt;
}

/// What a server behind makes of commands: the later ones add to what the earlier said.
Xclient read_back(const std::vector<std::string>& commands) {
    Xclient all;
    for (const std::string& command : commands) {
        require(command.size() <= 512 && command.ends_with("\r\n"), "a command has its length");
        const std::string_view line = std::string_view(command).substr(0, command.size() - 2);
        require(std::all_of(line.begin(), line.end(),
                            [](char c) { return !is_control(c) && !is_eight_bit(c); }),
                "and is one line of ASCII");
        require(line.starts_with(verb), "a command begins with its verb");
        std::string bad;
        const auto one = Xclient::parse(line.substr(verb.size()), bad);
        require(one.has_value(), "we take what we say");
        if (one->name) all.name = one->name;
        if (one->addr) all.addr = one->addr;
        if (one->port) all.port = one->port;
        if (one->esmtp) all.esmtp = one->esmtp;
        if (one->helo) all.helo = one->helo;
    }
    return all;
}

void check_said(const XclientIdentity& identity) {
    const Xclient said = read_back(xclient_commands(identity));
    require(said.name && said.addr && said.port && said.esmtp && said.helo,
            "nothing that was known of the last client stays");
    require(value(said.name).value_or("") == identity.name, "the name is the client's");
    require(value(said.addr) == identity.addr, "so is the address");
    require(value(said.port) == identity.port, "and the port");
    require(value(said.esmtp) == identity.esmtp, "and the protocol");
    const auto helo = value(said.helo).value_or("");
    require(helo == identity.helo || helo.empty(), "and no other name was given in EHLO");
    require(!helo.empty() || identity.helo.size() * 3 > 480 || identity.helo.empty(),
            "but none only when there is no room");
}

bool could_be_said_in_ehlo(std::string_view name) {
    return is_utf8(name) &&
           std::none_of(name.begin(), name.end(), [](char c) { return is_control(c) || c == ' '; });
}

bool stands_for_unknown(std::string_view name) {
    return equal_ignoring_case(name, "[UNAVAILABLE]") || equal_ignoring_case(name, "[TEMPUNAVAIL]");
}

void try_one(std::string_view argument) {
    XclientIdentity identity;
    std::string bad;
    if (const auto read = Xclient::parse(argument, bad)) {
        identity.name = value(read->name).value_or("");
        identity.addr = value(read->addr);
        identity.port = value(read->port);
        identity.esmtp = value(read->esmtp).value_or(true);
        identity.helo = value(read->helo).value_or("");
        check_said(identity);
    } else {
        require(!bad.empty() || argument.find('=') != argument.npos, "what is bad is named");
    }
    if (could_be_said_in_ehlo(argument) && !stands_for_unknown(argument)) {
        identity.helo = argument;
        check_said(identity);
    }
}

}  // namespace
}  // namespace smtpblock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    smtpblock::fuzz::try_one({reinterpret_cast<const char*>(data), size});
    return 0;
}
