// The configuration file, smtpblock.toml(5): what it says, with every default filled in. A value
// is valid by being here. What later versions will know is refused by name, so that a file written
// for one of them does not silently protect less than it says.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/api_header.h"
#include "common/endpoint.h"
#include "common/ip_address.h"
#include "common/listener_choices.h"
#include "common/result.h"
#include "common/rule.h"

namespace smtpblock {

inline constexpr const char* default_config_path = "/etc/smtpblock/smtpblock.toml";

enum class OnStoreError : std::uint8_t {
    defer,  ///< answer 4xx: nothing passes unchecked
    pass,   ///< not enforcing
};

/// Files in PEM form, by absolute paths.
struct CertificateFiles {
    std::string chain;  ///< the certificate, and those between it and the root
    std::string key;

    friend bool operator==(const CertificateFiles&, const CertificateFiles&) = default;
};

struct Limits {
    std::size_t sessions = 10000;
    std::size_t sessions_per_client = 100;  ///< an IPv6 client is its /64
    std::size_t errors = 20;
    std::size_t command_line = 2048;  ///< octets
    std::size_t recipients = 1000;
};

struct ConfiguredTimeouts {  // RFC 5321 4.5.3.2
    std::chrono::seconds command{300};
    std::chrono::seconds data{180};
    std::chrono::seconds upstream_connect{30};
    std::chrono::seconds upstream_reply{300};
    std::chrono::seconds upstream_end{600};
};

struct ListenerConfig {
    std::string name;  ///< in the log; no two listeners have the same
    std::vector<ListenAddress> listen;
    Protocol protocol = Protocol::smtp;
    Direction direction = Direction::in;  ///< never `both`
    /// Where there is another protocol than SMTP, the rest is as it is here, but for auth_domain
    /// and trusted_networks.
    std::vector<UpstreamAddress> upstreams;  ///< none: the Maildir beside the store
    std::size_t upstream_idle = 16;          ///< idle connections kept
    ClientAddress client_address = ClientAddress::none;
    /// None: the domain of the host name (domain_of_host()).
    std::optional<std::string> auth_domain;
    AuthWithoutTls auth_without_tls = AuthWithoutTls::loopback;
    AuthFailure auth_failure = AuthFailure::upstream;
    std::size_t auth_upstream_max = 5;  ///< a minute and account; 0: no limit
    bool tls = false;                   ///< implicit
    StartTls starttls = StartTls::off;
    std::vector<CertificateFiles> certificates;  ///< the first is the default
    bool tls_verify = true;                      ///< of the upstream
    std::vector<IpNetwork> trusted_networks;
    std::vector<IpNetwork> proxy_from;    ///< who speaks PROXY to us, and has to
    std::vector<IpNetwork> xclient_from;  ///< who may speak XCLIENT to us
    BareNewline bare_newline = BareNewline::refuse;
    std::string banner = "ESMTP";
    std::string rcpt_reply;  ///< `{rcpt}` stands for the recipient
    /// The upstream's own words stand before rcpt_reply, once they are known.
    bool learn_rcpt_reply = false;
    std::string defer_reply;
    /// With Protocol::dovecot: the protocols, as Dovecot names them, in which rules are for logins.
    std::vector<std::string> services{"smtp", "submission"};
    std::optional<ApiHeader> api_header;  ///< likewise: whoever asks must have it
};

struct Config {
    std::optional<std::string> store;  ///< none: default_store
    OnStoreError on_store_error = OnStoreError::defer;
    std::string recipient_delimiter = "+";
    std::size_t history = 100000;
    std::size_t threads = 0;  ///< for the network; 0: one a core
    std::string hostname;     ///< empty: the system's
    std::chrono::seconds drain{30};
    Limits limits;
    ConfiguredTimeouts timeouts;
    /// Canonical address of an account of the embedded Maildir, and its crypt(3) hash.
    std::map<std::string, std::string, std::less<>> users;
    std::vector<ListenerConfig> listeners;
};

/// What the text of a file says; `file` is its name in messages. Errors: bad_input, with file,
/// line, column and key.
Result<Config> parse_config(std::string_view text, const std::string& file);
/// The same of the file at `path`. Errors also: not_permitted, failed (no such file).
Result<Config> load_config(const std::string& path);

/// The file `named` (by an option or SMTPBLOCK_CONFIG); when that is empty the default one, and
/// where that does not exist, the defaults.
Result<Config> find_config(const std::string& named);

/// What an identity without a domain is completed with by default: `mail.example.com` gives
/// `example.com`; a name without a dot, or an address, gives nothing.
std::string domain_of_host(std::string_view hostname);

std::string default_rcpt_reply(Direction direction);
std::string default_defer_reply();

}  // namespace smtpblock
