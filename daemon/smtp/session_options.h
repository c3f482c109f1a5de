// What a listener sets for all its sessions, and what is known of one client at accept.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/endpoint.h"
#include "common/ip_address.h"
#include "common/listener_choices.h"
#include "common/rule.h"

namespace smtpblock::smtp {

/// Monotonic: what timeouts are measured in.
using Instant = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

struct Timeouts {  // defaults: RFC 5321 4.5.3.2
    Duration command = std::chrono::seconds(300);
    Duration data = std::chrono::seconds(180);
    Duration upstream_connect = std::chrono::seconds(30);
    Duration upstream_reply = std::chrono::seconds(300);
    Duration upstream_end = std::chrono::seconds(600);
};

/// A keyed hash (HMAC-SHA-256 under a key that lives as long as the process), from which the
/// wrong secret of a blocked login is made.
using KeyedHash = std::function<std::array<unsigned char, 32>(std::string_view)>;

using smtpblock::AuthFailure;
using smtpblock::AuthWithoutTls;
using smtpblock::BareNewline;
using smtpblock::ClientAddress;
using smtpblock::StartTls;

/// Behind: never less than what is written, whatever the upstream offers.
enum class UpstreamTls : std::uint8_t { none, starttls, implicit };

struct SessionOptions {
    std::string listener;  ///< its name in the log
    Direction direction = Direction::in;
    std::string hostname;  ///< of the daemon, until the upstream's is known
    std::string banner = "ESMTP";
    std::string auth_domain;
    AuthWithoutTls auth_without_tls = AuthWithoutTls::loopback;
    bool implicit_tls = false;  ///< in front: a session begins with the handshake
    StartTls starttls = StartTls::off;
    /// Of each of the listener's upstreams, in their order.
    std::vector<UpstreamTls> upstream_tls{UpstreamTls::none};
    ClientAddress client_address = ClientAddress::none;
    std::vector<IpNetwork> trusted_networks;
    std::vector<IpNetwork> xclient_from;
    BareNewline bare_newline = BareNewline::refuse;
    AuthFailure auth_failure = AuthFailure::upstream;
    std::size_t auth_upstream_max = 5;  ///< blocked logins a minute and account; 0: no limit
    /// `{rcpt}` stands for the recipient as the client spelt it.
    std::string rcpt_reply;
    /// The upstream's own refusal goes before rcpt_reply, once it is known.
    bool learn_rcpt_reply = false;
    std::string defer_reply;
    std::size_t command_line = 2048;  ///< octets with CRLF
    std::size_t errors = 20;
    std::size_t recipients = 1000;
    Timeouts timeouts;
    KeyedHash keyed_hash;

    /// Errors after which the upstream is taken to be slow until it was seen not to be: as Postfix
    /// has it by default, for half of those that end a session.
    std::uint32_t soft_error_limit() const {
        constexpr std::size_t of_postfix = 10;
        return static_cast<std::uint32_t>(std::max(errors / 2, of_postfix));
    }
};

struct ClientInfo {
    std::string session;  ///< an ID for the log
    /// As text, without a port; `unknown` where a proxy does not know it either.
    std::string address;
    bool loopback = false;
    bool trusted = false;      ///< in the listener's `trusted_networks`
    bool may_xclient = false;  ///< in `xclient_from`; whoever is connected, not whom it speaks for
    /// Of the DNS, as a front knows it; empty: nobody has said.
    std::string name{};
    std::optional<Endpoint> client{};  ///< none: unknown
    Endpoint server{};                 ///< to which it connected
};

bool is_loopback(const IpAddress& address);

/// What follows from a client's address and the one that it connected to.
ClientInfo client_info(const SessionOptions& options, std::string session, const Endpoint& client,
                       const Endpoint& server);

}  // namespace smtpblock::smtp
