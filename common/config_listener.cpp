#include "common/config_listener.h"

#include <algorithm>
#include <utility>

#include "common/domain_name.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr std::size_t million = 1000000;

/// A reply to one command, as RFC 5321 4.2 has it, short enough for the recipient to fit in.
std::optional<std::string_view> flaw_of_reply(std::string_view reply, std::string_view classes) {
    constexpr std::size_t most = 200;
    if (reply.size() > most) return "longer than 200 octets";
    if (reply.size() < 5 || classes.find(reply[0]) == std::string_view::npos ||
        !is_digit(reply[1]) || !is_digit(reply[2]) || reply[3] != ' ')
        return classes.size() == 1 ? "not a reply that begins with a 4xx code"
                                   : "not a reply that begins with a 4xx or 5xx code";
    if (reply.starts_with("421"))
        return "421 announces that the connection is closed, and it is not; write another code";
    if (std::any_of(reply.begin(), reply.end(),
                    [](char c) { return is_control(c) || is_eight_bit(c); }))
        return "holds a character that is no printable ASCII";
    return std::nullopt;
}

void read_reply(ConfigReader& reader, std::string_view key, std::string& into,
                std::string_view classes) {
    reader.read(key, into);
    if (const auto flaw = flaw_of_reply(into, classes)) reader.refuse(key, *flaw);
}

void read_rcpt_reply(ConfigReader& reader, ListenerConfig& listener) {
    listener.rcpt_reply = default_rcpt_reply(listener.direction);
    std::string written = listener.direction == Direction::out ? "learn" : listener.rcpt_reply;
    reader.read("rcpt_reply", written);
    listener.learn_rcpt_reply = written == "learn";
    if (listener.learn_rcpt_reply) return;
    listener.rcpt_reply = written;
    if (const auto flaw = flaw_of_reply(written, "45")) reader.refuse("rcpt_reply", *flaw);
}

void read_networks(ConfigReader& reader, std::string_view key, std::vector<IpNetwork>& networks) {
    reader.each(key, [&](std::string_view written) -> Result<void> {
        const auto network = IpNetwork::parse(written);
        if (!network)
            return fail(ErrorCode::bad_input,
                        "{}: not a network; write it as 192.0.2.0/24, without host bits",
                        quoted(written));
        networks.push_back(*network);
        return {};
    });
}

void read_addresses(ConfigReader& reader, ListenerConfig& listener) {
    reader.each("listen", [&](std::string_view written) -> Result<void> {
        auto address = ListenAddress::parse(written);
        if (!address) return std::move(address).failure();
        listener.listen.push_back(*std::move(address));
        return {};
    });
    if (listener.listen.empty())
        reader.refuse("listen", "no address; write listen = [\"0.0.0.0:25\", \"[::]:25\"]");
    read_networks(reader, "trusted_networks", listener.trusted_networks);
}

bool is_maildir(const UpstreamAddress& upstream) {
    return upstream.kind == UpstreamAddress::Kind::maildir;
}

void read_upstream(ConfigReader& reader, ListenerConfig& listener) {
    reader.each("upstream", [&](std::string_view written) -> Result<void> {
        auto upstream = UpstreamAddress::parse(written);
        if (!upstream) return std::move(upstream).failure();
        const bool maildir = upstream->kind == UpstreamAddress::Kind::maildir;
        if (!listener.upstreams.empty() && (maildir || is_maildir(listener.upstreams.front())))
            return fail(ErrorCode::bad_input,
                        "{}: a Maildir is always there, so it stands alone; write another listener "
                        "for it",
                        quoted(written));
        if (std::find(listener.upstreams.begin(), listener.upstreams.end(), *upstream) !=
            listener.upstreams.end())
            return fail(ErrorCode::bad_input, "{}: twice", quoted(written));
        listener.upstreams.push_back(*std::move(upstream));
        return {};
    });
    reader.choose("tls_verify", listener.tls_verify, {{"true", true}, {"false", false}});
    reader.read("upstream_idle", listener.upstream_idle, 0, million);
    reader.choose("client_address", listener.client_address,
                  {{"proxy", ClientAddress::proxy},
                   {"xclient", ClientAddress::xclient},
                   {"none", ClientAddress::none}});
    const bool smtp = !listener.upstreams.empty() && !is_maildir(listener.upstreams.front());
    if (smtp && !reader.has("client_address"))
        reader.refuse(
            "client_address",
            "not set, and there is no default: write \"proxy\" where the upstream takes "
            "PROXY headers from this host (Postfix, Exim, OpenSMTPD), \"xclient\" where it "
            "takes XCLIENT (Postfix), or \"none\" where it may see this host's address "
            "instead of the client's and does not relay for it");
    if (!smtp && listener.client_address != ClientAddress::none)
        reader.refuse("client_address", "a Maildir knows the client as it is; leave it out");
}

Result<CertificateFiles> read_certificate(const toml::table& table, const std::string& file) {
    CertificateFiles files;
    ConfigReader reader(table, file, "listener.certificates.");
    for (const auto& [key, into] : {std::pair{"chain", &files.chain}, {"key", &files.key}}) {
        reader.read(key, *into);
        if (into->empty())
            reader.refuse(key,
                          "missing; write { chain = \"/PATH/fullchain.pem\", key = "
                          "\"/PATH/privkey.pem\" }");
        else if (!into->starts_with('/'))
            reader.refuse(key, quoted(*into) + ": not an absolute path");
    }
    if (auto error = reader.finish()) return Failure(*std::move(error));
    return files;
}

/// What is in front. Never less of it than was written: TLS that cannot be had is an error.
std::optional<Error> read_tls(ConfigReader& reader, const std::string& file,
                              ListenerConfig& listener) {
    for (const toml::table* table :
         reader.tables("certificates",
                       "[{ chain = \"/PATH/fullchain.pem\", key = \"/PATH/privkey.pem\" }]")) {
        auto files = read_certificate(*table, file);
        if (!files) return files.error();
        listener.certificates.push_back(*std::move(files));
    }
    constexpr const char* none =
        "there are no certificates for it; write certificates = [{ chain = "
        "\"/PATH/fullchain.pem\", "
        "key = \"/PATH/privkey.pem\" }]";
    reader.choose("tls", listener.tls, {{"false", false}, {"true", true}});
    if (listener.tls && listener.certificates.empty()) reader.refuse("tls", none);
    if (!listener.tls && !listener.certificates.empty())
        listener.starttls =
            listener.direction == Direction::out ? StartTls::required : StartTls::optional;
    reader.choose("starttls", listener.starttls,
                  {{"off", StartTls::off},
                   {"optional", StartTls::optional},
                   {"required", StartTls::required}});
    if (listener.starttls == StartTls::off) return std::nullopt;
    if (listener.tls)
        reader.refuse("starttls",
                      "not with tls = true, where all is in TLS already; leave it out, or make a "
                      "listener of its own for it");
    if (listener.certificates.empty()) reader.refuse("starttls", none);
    return std::nullopt;
}

void read_auth_domain(ConfigReader& reader, ListenerConfig& listener) {
    std::string text;
    reader.read("auth_domain", text);
    if (!text.empty()) {
        const auto domain = canonical_domain(text);
        if (!domain || !is_host_name(text)) reader.refuse("auth_domain", "not a domain");
        listener.auth_domain = domain;
    } else if (reader.has("auth_domain")) {
        listener.auth_domain = "";
    }
}

void read_auth(ConfigReader& reader, ListenerConfig& listener) {
    read_auth_domain(reader, listener);
    reader.choose("auth_without_tls", listener.auth_without_tls,
                  {{"loopback", AuthWithoutTls::loopback},
                   {"true", AuthWithoutTls::always},
                   {"false", AuthWithoutTls::never}});
    reader.choose("auth_failure", listener.auth_failure,
                  {{"upstream", AuthFailure::upstream}, {"local", AuthFailure::local}});
    reader.read("auth_upstream_max", listener.auth_upstream_max, 0, million);
}

void refuse_dovecot_keys(ConfigReader& reader) {
    for (const char* key : {"services", "api_header"})
        if (reader.has(key)) reader.refuse(key, "only with protocol = \"dovecot\"; leave it out");
}

/// A front: SMTP before an upstream.
std::optional<Error> read_front(ConfigReader& reader, const std::string& file,
                                ListenerConfig& listener) {
    read_networks(reader, "proxy_from", listener.proxy_from);
    read_networks(reader, "xclient_from", listener.xclient_from);
    read_upstream(reader, listener);
    if (auto error = read_tls(reader, file, listener)) return error;
    read_auth(reader, listener);
    reader.read("banner", listener.banner);
    if (listener.banner.empty() || listener.banner.size() > 200 ||
        std::any_of(listener.banner.begin(), listener.banner.end(), is_eight_bit))
        reader.refuse("banner", "not 1 to 200 characters of printable ASCII");
    read_rcpt_reply(reader, listener);
    listener.defer_reply = default_defer_reply();
    reader.choose("bare_newline", listener.bare_newline,
                  {{"refuse", BareNewline::refuse}, {"normalize", BareNewline::normalize}});
    read_reply(reader, "defer_reply", listener.defer_reply, "4");
    refuse_dovecot_keys(reader);
    return std::nullopt;
}

/// Of a protocol's name in Dovecot: `imap`, `pop3`.
bool is_service_octet(char c) {
    return is_digit(c) || (is_letter(c) && c == to_lower(c)) || c == '-' || c == '_';
}

/// Programs of other hosts may reach it.
bool is_open(const ListenAddress& address) {
    static const std::vector<IpNetwork> loopback{*IpNetwork::parse("127.0.0.0/8"),
                                                 *IpNetwork::parse("::1")};
    return address.kind == ListenAddress::Kind::tcp &&
           !any_contains(loopback, address.endpoint.address);
}

void read_dovecot(ConfigReader& reader, ListenerConfig& listener) {
    for (const char* key : {"direction", "trusted_networks"})
        if (reader.has(key))
            reader.refuse(key,
                          "not with protocol = \"dovecot\": who logs in sends out; leave it out");
    listener.direction = Direction::out;
    if (reader.has("services")) listener.services.clear();
    reader.each("services", [&](std::string_view written) -> Result<void> {
        if (written.empty() || !std::all_of(written.begin(), written.end(), is_service_octet))
            return fail(ErrorCode::bad_input,
                        "{}: no protocol as Dovecot names them; write smtp, submission, imap, pop3 "
                        "or sieve",
                        quoted(written));
        listener.services.emplace_back(written);
        return {};
    });
    if (listener.services.empty())
        reader.refuse("services",
                      "empty: nobody would be stopped; leave it out for smtp and "
                      "submission");
    std::string written;
    reader.read("api_header", written);
    if (reader.has("api_header")) {
        auto header = ApiHeader::parse(written);
        if (!header) return reader.refuse("api_header", header.error().message);
        listener.api_header = *std::move(header);
        return;
    }
    for (const ListenAddress& address : listener.listen)
        if (is_open(address))
            reader.refuse(
                "api_header",
                fmt::format("not set, and {} is not on loopback: whoever reaches it could "
                            "ask who is blocked; write api_header = \"X-API-Key: KEY\", "
                            "as auth_policy_server_api_header of Dovecot has it",
                            address.text()));
}

/// A door of the server itself: what a client is told, how and from where he comes is the server's
/// business. A key about that would protect less than it says.
void read_door(ConfigReader& reader, ListenerConfig& listener) {
    read_auth_domain(reader, listener);
    for (const char* key :
         {"upstream", "upstream_idle", "tls_verify", "client_address", "tls", "starttls",
          "certificates", "auth_failure", "auth_upstream_max", "auth_without_tls", "proxy_from",
          "xclient_from", "banner", "bare_newline", "rcpt_reply", "defer_reply"})
        if (reader.has(key))
            reader.refuse(key, fmt::format("not with protocol = \"{}\", where the mail server "
                                           "speaks with the client; leave it out",
                                           word(listener.protocol)));
    if (listener.protocol == Protocol::dovecot) return read_dovecot(reader, listener);
    refuse_dovecot_keys(reader);
}

}  // namespace

Result<ListenerConfig> read_listener(const toml::table& table, const std::string& file) {
    ListenerConfig listener;
    ConfigReader reader(table, file, "listener.");
    reader.choose(
        "protocol", listener.protocol,
        {{"smtp", Protocol::smtp}, {"policy", Protocol::policy}, {"dovecot", Protocol::dovecot}});
    reader.choose("direction", listener.direction,
                  {{"in", Direction::in}, {"out", Direction::out}});
    const bool is_front = listener.protocol == Protocol::smtp;
    listener.name = is_front ? word(listener.direction) : word(listener.protocol);
    reader.read("name", listener.name);
    if (listener.name.empty()) reader.refuse("name", "empty");
    read_addresses(reader, listener);
    if (!is_front) {
        read_door(reader, listener);
    } else if (auto error = read_front(reader, file, listener)) {
        return Failure(*std::move(error));
    }
    reader.not_yet("mode", "leave it out");  // what the contract has and this version has not
    if (auto error = reader.finish()) return Failure(*std::move(error));
    return listener;
}

}  // namespace smtpblock
