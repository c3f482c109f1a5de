// What a listener sets for all its sessions, and what is known of one client at accept.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

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
    UpstreamTls upstream_tls = UpstreamTls::none;
    AuthFailure auth_failure = AuthFailure::upstream;
    std::size_t auth_upstream_max = 5;  ///< blocked logins a minute and account; 0: no limit
    /// `{rcpt}` stands for the recipient as the client spelt it.
    std::string rcpt_reply;
    std::string defer_reply;
    std::size_t command_line = 2048;  ///< octets with CRLF
    std::size_t errors = 20;
    std::size_t recipients = 1000;
    Timeouts timeouts;
    KeyedHash keyed_hash;
};

struct ClientInfo {
    std::string session;  ///< an ID for the log
    std::string address;  ///< as text, without a port
    bool loopback = false;
    bool trusted = false;  ///< in the listener's `trusted_networks`
};

}  // namespace smtpblock::smtp
