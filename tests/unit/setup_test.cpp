#include "daemon/setup.h"

#include <catch2/catch.hpp>
#include <string>

#include "transcripts/fake_policy.h"

namespace smtpblock {
namespace {

using namespace std::chrono_literals;

Options listening(std::initializer_list<const char*> listen) {
    Options options;
    for (const char* written : listen) options.listen.push_back(*ListenArgument::parse(written));
    return options;
}

Setup good(const Options& options, const Config& config = {},
           const std::string& hostname = "mail.example.com") {
    auto setup = make_setup(options, config, hostname);
    REQUIRE(setup);
    return *std::move(setup);
}

ListenerConfig configured() {
    ListenerConfig listener;
    listener.name = "submission";
    listener.listen = {*ListenAddress::parse("127.0.0.1:587")};
    listener.direction = Direction::out;
    listener.upstreams = {*UpstreamAddress::parse("127.0.0.1:10587")};
    listener.rcpt_reply = default_rcpt_reply(Direction::out);
    listener.defer_reply = default_defer_reply();
    return listener;
}

}  // namespace

TEST_CASE("listeners of the command line replace those of the configuration") {
    Config config;
    config.listeners = {configured()};
    const Setup setup =
        good(listening({"127.0.0.1:2525", "out:127.0.0.1:2587", "in:[::1]:2525"}), config);
    REQUIRE(setup.listeners.size() == 2);
    const auto& in = setup.listeners[0];
    CHECK(in.session.listener == "in");
    CHECK(in.session.direction == Direction::in);
    REQUIRE(in.listen.size() == 2);
    CHECK(in.listen[1].text() == "[::1]:2525");
    CHECK(in.session.rcpt_reply == "554 5.7.1 <{rcpt}>: Recipient address rejected: Access denied");
    CHECK_FALSE(in.maildir.needs_auth);
    const auto& out = setup.listeners[1];
    CHECK(out.session.direction == Direction::out);
    CHECK(out.session.rcpt_reply == "554 5.7.1 <{rcpt}>: Relay access denied");
    CHECK(out.maildir.needs_auth);
    CHECK(setup.warnings.empty());
}

TEST_CASE("without an upstream mail goes to the Maildir beside the store") {
    Options options = listening({"127.0.0.1:2525"});
    options.store = "/srv/rules";
    const Setup setup = good(options);
    CHECK(setup.store == "/srv/rules");
    CHECK(setup.listeners[0].upstreams[0].text() == "maildir:/srv/rules/maildir");
    CHECK(setup.listeners[0].maildir.directory == "/srv/rules/maildir");
    CHECK(setup.listeners[0].session.upstream_tls.front() == smtp::UpstreamTls::none);
}

TEST_CASE("an upstream of the command line is told nothing of the client, and that is said") {
    Options options = listening({"127.0.0.1:2525"});
    options.upstream = *UpstreamAddress::parse("192.0.2.1:25");
    const Setup setup = good(options);
    REQUIRE(setup.warnings.size() == 1);
    CHECK(setup.warnings[0].starts_with("smtp://192.0.2.1:25 sees this host's address"));
    CHECK(setup.listeners[0].session.upstream_tls.front() == smtp::UpstreamTls::starttls);
}

TEST_CASE("a secret goes only where nobody can read it on the way") {
    for (const auto& [upstream, tls] :
         std::initializer_list<std::pair<const char*, smtp::UpstreamTls>>{
             {"127.0.0.1:25", smtp::UpstreamTls::none},
             {"127.9.9.9:25", smtp::UpstreamTls::none},
             {"[::1]:25", smtp::UpstreamTls::none},
             {"localhost:25", smtp::UpstreamTls::none},
             {"smtp+unix:/run/smtp", smtp::UpstreamTls::none},
             {"smtps://127.0.0.1:465", smtp::UpstreamTls::implicit},
             {"192.0.2.1:25", smtp::UpstreamTls::starttls},
             {"mx.example.org:25", smtp::UpstreamTls::starttls},
             {"smtps://mx.example.org:465", smtp::UpstreamTls::implicit},
             {"maildir:/m", smtp::UpstreamTls::none}}) {
        Config config;
        config.listeners = {configured()};
        config.listeners[0].upstreams = {*UpstreamAddress::parse(upstream)};
        CHECK(good({}, config).listeners[0].session.upstream_tls.front() == tls);
    }
}

TEST_CASE("every setting reaches the part that it is for") {
    Config config;
    config.store = "/srv/rules";
    config.on_store_error = OnStoreError::pass;
    config.recipient_delimiter = "-";
    config.hostname = "front.example.net";
    config.drain = 7s;
    config.limits = {.sessions = 1,
                     .sessions_per_client = 2,
                     .errors = 3,
                     .command_line = 600,
                     .recipients = 101};
    config.timeouts = {.command = 1s,
                       .data = 2s,
                       .upstream_connect = 3s,
                       .upstream_reply = 4s,
                       .upstream_end = 5s};
    config.users = {{"bob@example.com", "$6$x"}};
    ListenerConfig listener = configured();
    listener.auth_without_tls = AuthWithoutTls::never;
    listener.auth_failure = AuthFailure::local;
    listener.auth_upstream_max = 7;
    listener.starttls = StartTls::required;
    listener.certificates = {{"/c.pem", "/c.key"}};
    listener.tls_verify = false;
    listener.trusted_networks = {*IpNetwork::parse("192.0.2.0/24")};
    listener.proxy_from = {*IpNetwork::parse("192.0.2.1")};
    listener.xclient_from = {*IpNetwork::parse("192.0.2.2")};
    listener.client_address = ClientAddress::xclient;
    listener.upstream_idle = 3;
    listener.bare_newline = BareNewline::normalize;
    listener.learn_rcpt_reply = true;
    config.threads = 2;
    listener.banner = "ESMTP Postfix";
    config.listeners = {listener};
    const Setup setup = good({}, config);

    CHECK(setup.store == "/srv/rules");
    CHECK(setup.guard.pass_on_store_error);
    CHECK(setup.guard.recipient_delimiter == "-");
    CHECK(setup.server.threads == 2);
    CHECK(setup.server.sessions == 1);
    CHECK(setup.server.sessions_per_client == 2);
    CHECK(setup.server.drain == 7s);
    REQUIRE(setup.warnings.size() == 1);
    CHECK(setup.warnings[0].find("nobody is stopped") != std::string::npos);
    const auto& made = setup.listeners[0];
    CHECK(made.session.trusted_networks.size() == 1);
    CHECK(made.proxy_from.size() == 1);
    CHECK(made.session.xclient_from.size() == 1);
    CHECK(made.session.client_address == ClientAddress::xclient);
    CHECK(made.session.bare_newline == BareNewline::normalize);
    CHECK(made.session.learn_rcpt_reply);
    CHECK(made.upstream_idle == 3);
    CHECK(made.session.listener == "submission");
    CHECK(made.session.hostname == "front.example.net");
    CHECK(made.session.auth_domain == "example.net");
    CHECK(made.session.banner == "ESMTP Postfix");
    CHECK(made.session.auth_without_tls == smtp::AuthWithoutTls::never);
    CHECK(made.session.auth_failure == smtp::AuthFailure::local);
    CHECK(made.session.auth_upstream_max == 7);
    CHECK_FALSE(made.session.implicit_tls);
    CHECK(made.session.starttls == smtp::StartTls::required);
    CHECK(made.certificates == listener.certificates);
    CHECK_FALSE(made.tls_verify);
    CHECK(made.session.errors == 3);
    CHECK(made.session.command_line == 600);
    CHECK(made.session.recipients == 101);
    CHECK(made.session.timeouts.command == 1s);
    CHECK(made.session.timeouts.data == 2s);
    CHECK(made.session.timeouts.upstream_connect == 3s);
    CHECK(made.session.timeouts.upstream_reply == 4s);
    CHECK(made.session.timeouts.upstream_end == 5s);
    CHECK(made.maildir.accounts.size() == 1);
    CHECK(made.maildir.recipients == 101);
}

TEST_CASE("the host's name and domain are the defaults") {
    const Options options = listening({"127.0.0.1:2525"});
    CHECK(good(options, {}, "mail.example.com").listeners[0].session.auth_domain == "example.com");
    CHECK(good(options, {}, "mail").listeners[0].session.auth_domain.empty());
    CHECK(good(options, {}, "").listeners[0].session.hostname == "localhost");
    CHECK(good(options, {}, "no host").listeners[0].session.hostname == "localhost");
    Config config;
    config.listeners = {configured()};
    config.listeners[0].auth_domain = "";  // none is wanted
    CHECK(good({}, config).listeners[0].session.auth_domain.empty());
}

TEST_CASE("a daemon without a listener is refused with what to do") {
    const auto setup = make_setup({}, {}, "mail.example.com");
    REQUIRE_FALSE(setup);
    CHECK(setup.error().message ==
          "no listener: write a [[listener]] into /etc/smtpblock/smtpblock.toml, or try --listen "
          "127.0.0.1:2525");
}

TEST_CASE("--listen with TLS borrows the certificates of the configuration") {
    ListenerConfig plain = configured();
    ListenerConfig in = configured();
    in.direction = Direction::in;
    in.certificates = {{"/in.pem", "/in.key"}};
    ListenerConfig out = configured();
    out.certificates = {{"/out.pem", "/out.key"}};
    Config config;
    config.listeners = {plain, in, out};
    const Options options = listening(
        {"out:127.0.0.1:465,tls", "out:127.0.0.1:587", "127.0.0.1:2465,tls", "out:[::1]:465,tls"});
    const Setup setup = good(options, config);
    REQUIRE(setup.listeners.size() == 3);
    const auto& submission = setup.listeners[0];
    CHECK(submission.session.listener == "out-tls");
    CHECK(submission.session.implicit_tls);
    CHECK(submission.listen.size() == 2);
    CHECK(submission.certificates == out.certificates);
    CHECK(setup.listeners[1].session.listener == "out");
    CHECK_FALSE(setup.listeners[1].session.implicit_tls);
    CHECK(setup.listeners[1].session.starttls == smtp::StartTls::off);
    CHECK(setup.listeners[1].certificates.empty());
    CHECK(setup.listeners[2].session.listener == "in-tls");
    CHECK(setup.listeners[2].certificates == in.certificates);

    config.listeners = {plain, in};  // those of the other direction, for want of better ones
    CHECK(good(options, config).listeners[0].certificates == in.certificates);
}

TEST_CASE("--listen with TLS and no certificates is refused with what to do") {
    Config config;
    config.listeners = {configured()};
    const auto setup = make_setup(listening({"127.0.0.1:465,tls"}), config, "mail.example.com");
    REQUIRE_FALSE(setup);
    CHECK(setup.error().message ==
          "--listen 127.0.0.1:465,tls: with which certificates? write certificates = [{ chain = "
          "..., key = ... }] into a [[listener]] of /etc/smtpblock/smtpblock.toml");
}

TEST_CASE("--check-config shows each listener with its auth_domain and upstream") {
    Config config;
    config.store = "/srv/rules";
    config.listeners = {configured()};
    CHECK(description(good({}, config)) ==
          "store: /srv/rules\n"
          "listener submission: 127.0.0.1:587, direction out, upstream smtp://127.0.0.1:10587, "
          "auth_domain example.com\n");
    CHECK(description(good({}, config, "mail")).find("auth_domain none\n") != std::string::npos);
    config.listeners[0].starttls = StartTls::required;
    CHECK(description(good({}, config)).find("direction out, tls required, upstream ") !=
          std::string::npos);
    config.listeners[0].starttls = StartTls::off;
    config.listeners[0].tls = true;
    CHECK(description(good({}, config)).find("direction out, tls implicit, upstream ") !=
          std::string::npos);
}

TEST_CASE("a listener for Dovecot judges logins in the protocols that it lists") {
    Config config;
    config.listeners = {configured()};
    config.listeners[0].name = "dovecot";
    config.listeners[0].protocol = Protocol::dovecot;
    config.listeners[0].upstreams.clear();
    config.listeners[0].services = {"imap", "sieve"};
    config.listeners[0].api_header = ApiHeader{"X-API-Key", "secret"};
    const Setup setup = good({}, config);
    CHECK(setup.listeners[0].upstreams.empty());
    REQUIRE(setup.listeners[0].door);
    CHECK(setup.listeners[0].door->idle > 10s);  // Dovecot ends it first
    CHECK(description(setup).find(
              "listener dovecot: 127.0.0.1:587, protocol dovecot, direction out, services imap "
              "sieve, with a key, auth_domain example.com\n") != std::string::npos);

    transcripts::FakePolicy rules;
    rules.rules.add("email carol@example.com reject out");
    const auto ask = [&](const std::string& service, const std::string& key) {
        const std::string body = R"({"login":"carol","protocol":")" + service + R"("})";
        const auto exchange = setup.listeners[0].door->begin(rules, {});
        exchange->on_bytes("POST /?command=allow HTTP/1.1\r\nX-API-Key: " + key +
                           "\r\nContent-Type: application/json\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\n\r\n" + body);
        const std::string_view said = exchange->output();
        return std::string(said.substr(said.find("\r\n\r\n") + 4));
    };
    CHECK(ask("imap", "secret") == R"({"status":-1})");
    CHECK(ask("smtp", "secret") == R"({"status": 0})");
    CHECK(ask("imap", "Secret") == "not with the key of api_header\n");
}

TEST_CASE("a listener for policy requests has no upstream, and its requests may name others") {
    Config config;
    config.listeners = {configured(), configured()};
    config.listeners[1].name = "policy";
    config.listeners[1].protocol = Protocol::policy;
    config.listeners[1].upstreams.clear();
    config.listeners[1].direction = Direction::in;
    const Setup setup = good({}, config);
    CHECK_FALSE(setup.listeners[0].door);
    CHECK(setup.listeners[1].upstreams.empty());
    REQUIRE(setup.listeners[1].door);
    CHECK(setup.listeners[1].door->idle > 300s);  // Postfix ends it first
    CHECK(description(setup).find("listener policy: 127.0.0.1:587, protocol policy, direction in, "
                                  "auth_domain example.com\n") != std::string::npos);

    transcripts::FakePolicy rules;
    rules.rules.add("email a@b.example reject out");
    const auto exchange = setup.listeners[1].door->begin(rules, {});
    for (const char* context : {"", "policy", "submission"})
        exchange->on_bytes(
            std::string("request=smtpd_access_policy\nprotocol_state=RCPT\nsender=a@b.example\n"
                        "policy_context=") +
            context + "\n\n");
    CHECK(exchange->output() ==
          "action=DUNNO\n\naction=DUNNO\n\naction=554 5.7.1 Access denied\n\n");
}

TEST_CASE("a door for policy requests that anybody may reach is warned of") {
    Config config;
    config.listeners = {configured()};
    config.listeners[0].name = "postfix";
    config.listeners[0].upstreams.clear();
    const auto warnings = [&](const char* where, Protocol protocol = Protocol::policy) {
        config.listeners[0].protocol = protocol;
        config.listeners[0].listen = {*ListenAddress::parse("127.0.0.1:587"),
                                      *ListenAddress::parse(where)};
        return good({}, config).warnings;
    };
    for (const char* open : {"0.0.0.0:10040", "[::]:10040", "192.0.2.1:10040", "172.32.0.1:10040",
                             "[2001:db8::1]:10040"}) {
        REQUIRE(warnings(open).size() == 1);
        CHECK(
            warnings(open)[0] ==
            "listener postfix: " + std::string(open) +
                " is not of loopback or a private network, and this protocol has no key: whoever "
                "reaches it can ask who is blocked; write such an address, or have a firewall let "
                "in your mail servers alone");
        CHECK(warnings(open, Protocol::smtp).empty());
    }
    for (const char* closed :
         {"127.1.2.3:10040", "[::1]:10040", "10.0.0.1:10040", "172.17.0.2:10040",
          "192.168.1.1:10040", "169.254.1.1:10040", "[fd00::1]:10040", "[fe80::1]:10040",
          "unix:/run/smtpblock/policy", "systemd:policy"})
        CHECK(warnings(closed).empty());
}

}  // namespace smtpblock
