#include "daemon/setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "common/domain_name.h"
#include "common/store_paths.h"
#include "common/text.h"
#include "daemon/dovecot/exchange.h"
#include "daemon/policy/exchange.h"

namespace smtpblock {
namespace {

std::string name_of_config(const Options& options) {
    return options.config.empty() ? default_config_path : options.config;
}

smtp::Timeouts timeouts_of(const ConfiguredTimeouts& configured) {
    return {.command = configured.command,
            .data = configured.data,
            .upstream_connect = configured.upstream_connect,
            .upstream_reply = configured.upstream_reply,
            .upstream_end = configured.upstream_end};
}

/// What is said to it stays in this machine.
bool is_private(const UpstreamAddress& upstream) {
    if (upstream.kind != UpstreamAddress::Kind::smtp || upstream.host == "localhost") return true;
    const auto address = IpAddress::parse(upstream.host);
    return address && smtp::is_loopback(*address);
}

smtp::UpstreamTls tls_of(const UpstreamAddress& upstream) {
    if (upstream.implicit_tls) return smtp::UpstreamTls::implicit;
    return is_private(upstream) ? smtp::UpstreamTls::none : smtp::UpstreamTls::starttls;
}

/// Certificates for a listener of the command line: those of the configuration's first listener
/// that has some, one of the same direction if there is one.
const std::vector<CertificateFiles>* certificates_for(Direction direction, const Config& config) {
    const std::vector<CertificateFiles>* found = nullptr;
    for (const ListenerConfig& listener : config.listeners) {
        if (listener.certificates.empty()) continue;
        if (listener.direction == direction) return &listener.certificates;
        if (found == nullptr) found = &listener.certificates;
    }
    return found;
}

/// Those of the command line, a listener for each direction and for TLS or not, so that each has
/// one name in the log. Errors: bad_input (TLS without certificates).
Result<std::vector<ListenerConfig>> listeners_of(const Options& options, const Config& config) {
    std::vector<ListenerConfig> listeners;
    for (const ListenArgument& argument : options.listen) {
        auto listener =
            std::find_if(listeners.begin(), listeners.end(), [&](const ListenerConfig& one) {
                return one.direction == argument.direction && one.tls == argument.tls;
            });
        if (listener == listeners.end()) {
            ListenerConfig made;
            made.direction = argument.direction;
            made.name = std::string(word(argument.direction)) + (argument.tls ? "-tls" : "");
            if (options.upstream) made.upstreams = {*options.upstream};
            made.rcpt_reply = default_rcpt_reply(argument.direction);
            made.defer_reply = default_defer_reply();
            made.tls = argument.tls;
            if (made.tls) {
                const auto* certificates = certificates_for(argument.direction, config);
                if (certificates == nullptr)
                    return fail(ErrorCode::bad_input,
                                "--listen {},tls: with which certificates? write certificates = "
                                "[{{ chain = ..., key = ... }}] into a [[listener]] of {}",
                                argument.address.text(), name_of_config(options));
                made.certificates = *certificates;
            }
            listener = listeners.insert(listeners.end(), std::move(made));
        }
        listener->listen.push_back(argument.address);
    }
    return listeners;
}

net::ListenerOptions options_of(const ListenerConfig& from, const Config& config,
                                const std::string& hostname, const std::string& maildir) {
    net::ListenerOptions out;
    out.listen = from.listen;
    out.protocol = from.protocol;
    out.upstreams = from.upstreams;
    const bool is_front = from.protocol == Protocol::smtp;
    if (is_front && out.upstreams.empty()) out.upstreams = {UpstreamAddress::maildir(maildir)};
    out.upstream_idle = from.upstream_idle;
    out.proxy_from = from.proxy_from;
    out.certificates = from.certificates;
    out.tls_verify = from.tls_verify;

    smtp::SessionOptions& session = out.session;
    session.listener = from.name;
    session.direction = from.direction;
    session.hostname = hostname;
    session.banner = from.banner;
    session.auth_domain = from.auth_domain.value_or(domain_of_host(hostname));
    session.auth_without_tls = from.auth_without_tls;
    session.implicit_tls = from.tls;
    session.starttls = from.starttls;
    session.upstream_tls.clear();
    for (const UpstreamAddress& upstream : out.upstreams)
        session.upstream_tls.push_back(tls_of(upstream));
    session.client_address = from.client_address;
    session.trusted_networks = from.trusted_networks;
    session.xclient_from = from.xclient_from;
    session.bare_newline = from.bare_newline;
    session.auth_failure = from.auth_failure;
    session.auth_upstream_max = from.auth_upstream_max;
    session.rcpt_reply = from.rcpt_reply;
    session.learn_rcpt_reply = from.learn_rcpt_reply;
    session.defer_reply = from.defer_reply;
    session.command_line = config.limits.command_line;
    session.errors = config.limits.errors;
    session.recipients = config.limits.recipients;
    session.timeouts = timeouts_of(config.timeouts);

    if (is_front) out.maildir.directory = out.upstreams.front().path;
    out.maildir.hostname = hostname;
    out.maildir.auth_domain = session.auth_domain;
    out.maildir.needs_auth = from.direction == Direction::out;
    out.maildir.recipients = config.limits.recipients;
    out.maildir.accounts = config.users;
    return out;
}

/// Beyond this host and the networks that are not part of the Internet (RFC 1918, RFC 4193,
/// link-local). The unspecified address is all addresses of the host.
bool may_be_reached_by_anybody(const ListenAddress& address) {
    static const std::vector<IpNetwork> closed{
        *IpNetwork::parse("127.0.0.0/8"),    *IpNetwork::parse("::1"),
        *IpNetwork::parse("10.0.0.0/8"),     *IpNetwork::parse("172.16.0.0/12"),
        *IpNetwork::parse("192.168.0.0/16"), *IpNetwork::parse("fc00::/7"),
        *IpNetwork::parse("169.254.0.0/16"), *IpNetwork::parse("fe80::/10")};
    return address.kind == ListenAddress::Kind::tcp &&
           !any_contains(closed, address.endpoint.address);
}

/// Dovecot has a key, and has to have one there; policy delegation knows none.
void warn_of_open_doors(const std::vector<ListenerConfig>& listeners,
                        std::vector<std::string>& warnings) {
    for (const ListenerConfig& listener : listeners) {
        if (listener.protocol != Protocol::policy) continue;
        for (const ListenAddress& address : listener.listen)
            if (may_be_reached_by_anybody(address))
                warnings.push_back(fmt::format(
                    "listener {}: {} is not of loopback or a private network, and this protocol "
                    "has no key: whoever reaches it can ask who is blocked; write such an address, "
                    "or have a firewall let in your mail servers alone",
                    printable(listener.name), address.text()));
    }
}

policy::Context context_of(const smtp::SessionOptions& session) {
    return {.listener = session.listener,
            .direction = session.direction,
            .auth_domain = session.auth_domain,
            .trusted_networks = session.trusted_networks};
}

/// Each request of a policy client may name any listener.
void open_doors(const std::vector<ListenerConfig>& from,
                std::vector<net::ListenerOptions>& listeners) {
    auto contexts = std::make_shared<policy::Contexts>();
    for (const net::ListenerOptions& listener : listeners)
        contexts->emplace(listener.session.listener, context_of(listener.session));
    for (std::size_t place = 0; place < listeners.size(); ++place) {
        net::ListenerOptions& listener = listeners[place];
        const smtp::SessionOptions& session = listener.session;
        switch (listener.protocol) {
            case Protocol::smtp:
                break;
            case Protocol::policy:
                listener.door = policy::options_for(
                    std::make_shared<policy::Settings>(context_of(session), contexts));
                break;
            case Protocol::dovecot:
                listener.door = dovecot::options_for(std::make_shared<dovecot::Settings>(
                    dovecot::Settings{session.listener, session.auth_domain, from[place].services,
                                      from[place].api_header}));
                break;
        }
    }
}

}  // namespace

Result<Setup> make_setup(const Options& options, const Config& config,
                         const std::string& system_hostname) {
    Setup setup;
    setup.store = options.store.value_or(config.store.value_or(default_store));
    setup.guard.recipient_delimiter = config.recipient_delimiter;
    setup.guard.pass_on_store_error = config.on_store_error == OnStoreError::pass;
    setup.server = {.threads = config.threads,
                    .sessions = config.limits.sessions,
                    .sessions_per_client = config.limits.sessions_per_client,
                    .drain = config.drain};

    std::string hostname = config.hostname.empty() ? system_hostname : config.hostname;
    if (hostname.empty() || !is_host_name(hostname)) hostname = "localhost";
    std::vector<ListenerConfig> listeners = config.listeners;
    if (!options.listen.empty()) {
        auto listening = listeners_of(options, config);
        if (!listening) return std::move(listening).failure();
        listeners = *std::move(listening);
    }
    if (listeners.empty())
        return fail(ErrorCode::bad_input,
                    "no listener: write a [[listener]] into {}, or try --listen 127.0.0.1:2525",
                    name_of_config(options));
    const std::string maildir = StorePaths(setup.store).maildir();
    for (const ListenerConfig& listener : listeners)
        setup.listeners.push_back(options_of(listener, config, hostname, maildir));
    open_doors(listeners, setup.listeners);

    if (options.upstream && options.upstream->kind != UpstreamAddress::Kind::maildir)
        setup.warnings.push_back(
            fmt::format("{} sees this host's address instead of the client's: it must not relay "
                        "for it",
                        options.upstream->text()));
    if (setup.guard.pass_on_store_error)
        setup.warnings.emplace_back(
            "on_store_error = \"pass\": while the store cannot be read, nobody is stopped");
    warn_of_open_doors(listeners, setup.warnings);
    return setup;
}

std::string description(const Setup& setup) {
    std::string out = fmt::format("store: {}\n", printable(setup.store));
    for (const net::ListenerOptions& listener : setup.listeners) {
        std::string addresses;
        for (const ListenAddress& address : listener.listen)
            fmt::format_to(std::back_inserter(addresses), " {}", address.text());
        const std::string& domain = listener.session.auth_domain;
        std::string upstreams;
        for (const UpstreamAddress& upstream : listener.upstreams)
            fmt::format_to(std::back_inserter(upstreams), " {}", printable(upstream.text()));
        const auto tls = net::tls_word(listener.session);
        std::string way;  // from where to where
        if (listener.door) way = fmt::format(" protocol {},", word(listener.protocol));
        way += fmt::format(" direction {},", word(listener.session.direction));
        if (listener.door && !listener.door->settings.empty())
            way += fmt::format(" {},", listener.door->settings);
        if (!tls.empty()) way += fmt::format(" tls {},", tls);
        if (!upstreams.empty()) way += fmt::format(" upstream{},", upstreams);
        fmt::format_to(std::back_inserter(out), "listener {}:{},{} auth_domain {}\n",
                       printable(listener.session.listener), addresses, way,
                       domain.empty() ? "none" : domain);
    }
    return out;
}

}  // namespace smtpblock
