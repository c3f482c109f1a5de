#include "common/config.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "unit/temporary_directory.h"

namespace smtpblock {
namespace {

using std::chrono::seconds;

Result<Config> load(const std::string& text) {
    const test::TemporaryDirectory directory;
    return load_config(directory.write("smtpblock.toml", text));
}

Config good(const std::string& text) {
    auto config = load(text);
    INFO(text);
    INFO((config ? "" : config.error().message));
    REQUIRE(config);
    return *std::move(config);
}

/// The message behind the path of the file: `LINE:COLUMN: KEY: why`.
std::string error(const std::string& text) {
    const auto config = load(text);
    INFO(text);
    REQUIRE_FALSE(config);
    CHECK(config.error().code == ErrorCode::bad_input);
    const std::string& message = config.error().message;
    const auto file = message.find("smtpblock.toml:");
    REQUIRE(file != std::string::npos);
    return message.substr(file + std::string("smtpblock.toml:").size());
}

/// A listener with one line more: line 4 of the file.
std::string listener(const std::string& line) {
    return "[[listener]]\nlisten = \"127.0.0.1:2525\"\ndirection = \"out\"\n" + line + "\n";
}

bool begins(const std::string& text, const std::string& with) {
    return text.starts_with(with);
}

/// The blocks between `.Bd` and `.Ed` of the EXAMPLES of smtpblock.toml(5).
std::vector<std::string> examples_of_the_manual() {
    std::ifstream file(TEST_DATA "/../../man/smtpblock.toml.5");
    std::vector<std::string> examples;
    bool in_section = false;
    bool in_block = false;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(".Sh ")) in_section = line == ".Sh EXAMPLES";
        if (line == ".Ed") in_block = false;
        if (in_block) examples.back() += line + "\n";
        if (!in_section || !line.starts_with(".Bd")) continue;
        in_block = true;
        examples.emplace_back();
    }
    return examples;
}

}  // namespace

TEST_CASE("the examples of the manual are as they must be written") {
    const auto examples = examples_of_the_manual();
    REQUIRE(examples.size() == 2);
    const Config servers = good(examples[0]);
    REQUIRE(servers.listeners.size() == 2);
    CHECK(servers.listeners[1].certificates.size() == 1);

    std::string alone = examples[1];
    const std::string blank = "$6$...";  // where a hash is to be written
    const auto at = alone.find(blank);
    REQUIRE(at != std::string::npos);
    CHECK(good(alone.replace(at, blank.size(), "$6$salt$hash")).users.size() == 1);
}

TEST_CASE("an empty file gives the defaults of the contract") {
    const Config config = good("");
    CHECK_FALSE(config.store);
    CHECK(config.on_store_error == OnStoreError::defer);
    CHECK(config.recipient_delimiter == "+");
    CHECK(config.history == 100000);
    CHECK(config.hostname.empty());
    CHECK(config.drain == seconds(30));
    CHECK(config.limits.sessions == 10000);
    CHECK(config.limits.sessions_per_client == 100);
    CHECK(config.limits.errors == 20);
    CHECK(config.limits.command_line == 2048);
    CHECK(config.limits.recipients == 1000);
    CHECK(config.timeouts.command == seconds(300));
    CHECK(config.timeouts.data == seconds(180));
    CHECK(config.timeouts.upstream_connect == seconds(30));
    CHECK(config.timeouts.upstream_reply == seconds(300));
    CHECK(config.timeouts.upstream_end == seconds(600));
    CHECK(config.users.empty());
    CHECK(config.listeners.empty());
}

TEST_CASE("every key that this version knows is read") {
    const Config config = good(R"(
store = "/srv/rules"
on_store_error = "pass"
recipient_delimiter = "+-"
history = 5
threads = 1
hostname = "mx.example.org"
drain = "1m30s"
[limits]
sessions = 11
sessions_per_client = 12
errors = 13
command_line = 514
recipients = 115
[timeouts]
command = "1s"
data = "2s"
upstream_connect = "3s"
upstream_reply = "4s"
upstream_end = "5s"
[users]
"Bob@Example.COM" = "$6$salt$hash1234"
[[listener]]
name = "submission"
listen = ["0.0.0.0:587", "[::]:587"]
protocol = "smtp"
direction = "out"
upstream = ["smtp://127.0.0.1:10587"]
client_address = "none"
tls = false
starttls = "optional"
certificates = [{ chain = "/tls/rsa.pem", key = "/tls/rsa.key" },
                { key = "/tls/ec.key", chain = "/tls/ec.pem" }]
tls_verify = false
auth_domain = "Example.com"
auth_failure = "local"
auth_upstream_max = 0
auth_without_tls = true
trusted_networks = ["192.0.2.0/24", "2001:db8::/32"]
banner = "ESMTP Postfix"
bare_newline = "refuse"
rcpt_reply = "550 5.7.1 <{rcpt}>: no"
defer_reply = "451 4.7.1 later"
[[listener]]
listen = "127.0.0.1:0"
)");
    CHECK(config.store == "/srv/rules");
    CHECK(config.on_store_error == OnStoreError::pass);
    CHECK(config.recipient_delimiter == "+-");
    CHECK(config.history == 5);
    CHECK(config.hostname == "mx.example.org");
    CHECK(config.drain == seconds(90));
    CHECK(config.limits.sessions == 11);
    CHECK(config.limits.sessions_per_client == 12);
    CHECK(config.limits.errors == 13);
    CHECK(config.limits.command_line == 514);
    CHECK(config.limits.recipients == 115);
    CHECK(config.timeouts.command == seconds(1));
    CHECK(config.timeouts.data == seconds(2));
    CHECK(config.timeouts.upstream_connect == seconds(3));
    CHECK(config.timeouts.upstream_reply == seconds(4));
    CHECK(config.timeouts.upstream_end == seconds(5));
    REQUIRE(config.users.size() == 1);
    CHECK(config.users.at("bob@example.com") == "$6$salt$hash1234");
    REQUIRE(config.listeners.size() == 2);
    const ListenerConfig& submission = config.listeners[0];
    CHECK(submission.name == "submission");
    REQUIRE(submission.listen.size() == 2);
    CHECK(submission.listen[0].text() == "0.0.0.0:587");
    CHECK(submission.listen[1].text() == "[::]:587");
    CHECK(submission.direction == Direction::out);
    REQUIRE(submission.upstreams.size() == 1);
    CHECK(submission.upstreams[0].text() == "smtp://127.0.0.1:10587");
    CHECK(submission.client_address == ClientAddress::none);
    CHECK(submission.auth_domain == "example.com");
    CHECK(submission.auth_without_tls == AuthWithoutTls::always);
    CHECK(submission.auth_failure == AuthFailure::local);
    CHECK(submission.auth_upstream_max == 0);
    CHECK_FALSE(submission.tls);
    CHECK(submission.starttls == StartTls::optional);
    REQUIRE(submission.certificates.size() == 2);
    CHECK(submission.certificates[0] == CertificateFiles{"/tls/rsa.pem", "/tls/rsa.key"});
    CHECK(submission.certificates[1] == CertificateFiles{"/tls/ec.pem", "/tls/ec.key"});
    CHECK_FALSE(submission.tls_verify);
    REQUIRE(submission.trusted_networks.size() == 2);
    CHECK(submission.trusted_networks[1].contains(*IpAddress::parse("2001:db8::7")));
    CHECK(submission.banner == "ESMTP Postfix");
    CHECK(submission.rcpt_reply == "550 5.7.1 <{rcpt}>: no");
    CHECK(submission.defer_reply == "451 4.7.1 later");
}

TEST_CASE("a listener that says only where it listens gets the rest by its direction") {
    const Config config = good(
        "[[listener]]\nlisten = \"127.0.0.1:2525\"\n"
        "[[listener]]\nlisten = \"[::1]:2525\"\ndirection = \"out\"\nauth_domain = \"\"\n");
    REQUIRE(config.listeners.size() == 2);
    const ListenerConfig& in = config.listeners[0];
    CHECK(in.name == "in");
    CHECK(in.direction == Direction::in);
    CHECK(in.upstreams.empty());
    CHECK(in.upstream_idle == 16);
    CHECK(in.bare_newline == BareNewline::refuse);
    CHECK_FALSE(in.learn_rcpt_reply);
    CHECK_FALSE(in.auth_domain);
    CHECK(in.auth_without_tls == AuthWithoutTls::loopback);
    CHECK(in.auth_failure == AuthFailure::upstream);
    CHECK(in.auth_upstream_max == 5);
    CHECK_FALSE(in.tls);
    CHECK(in.starttls == StartTls::off);
    CHECK(in.certificates.empty());
    CHECK(in.tls_verify);
    CHECK(in.banner == "ESMTP");
    CHECK(in.rcpt_reply == "554 5.7.1 <{rcpt}>: Recipient address rejected: Access denied");
    CHECK(in.defer_reply == "450 4.7.1 <{rcpt}>: Recipient address rejected: Access denied");
    const ListenerConfig& out = config.listeners[1];
    CHECK(out.name == "out");
    CHECK(out.learn_rcpt_reply);
    CHECK(out.rcpt_reply == "554 5.7.1 <{rcpt}>: Relay access denied");
    CHECK(out.auth_domain == "");
}

TEST_CASE("an unknown key is refused with its place and the nearest known one") {
    CHECK(error("stor = \"/x\"\n") == "1:1: stor: no such key; did you mean store?");
    CHECK(error("\n[limits]\n  sesions = 1\n") ==
          "3:3: limits.sesions: no such key; did you mean sessions?");
    CHECK(error("[timeouts]\ncomand = \"1s\"\n") ==
          "2:1: timeouts.comand: no such key; did you mean command?");
    CHECK(error(listener("directoin = \"in\"")) ==
          "4:1: listener.directoin: no such key; did you mean direction?");
    CHECK(error("zzzzzzzzzzzzzz = 1\n") == "1:1: zzzzzzzzzzzzzz: no such key");
}

TEST_CASE("what a later version will do is refused by name, with what this one does") {
    const std::string message = error(listener("mode = \"transparent\""));
    INFO(message);
    CHECK(begins(message, "4:"));
    CHECK(message.find("not supported by this version; ") != std::string::npos);
}

TEST_CASE("a listener for policy requests has a direction and knows accounts and networks") {
    const Config config = good(
        "[[listener]]\nprotocol = \"policy\"\nlisten = [\"127.0.0.1:10040\", "
        "\"unix:/run/smtpblock/policy\", \"systemd:policy\"]\ndirection = \"out\"\n"
        "auth_domain = \"example.com\"\ntrusted_networks = [\"192.0.2.0/24\"]\n");
    REQUIRE(config.listeners.size() == 1);
    const ListenerConfig& policy = config.listeners[0];
    CHECK(policy.name == "policy");
    CHECK(policy.protocol == Protocol::policy);
    CHECK(policy.listen.size() == 3);
    CHECK(policy.direction == Direction::out);
    CHECK(policy.auth_domain == "example.com");
    CHECK(policy.trusted_networks.size() == 1);
}

TEST_CASE("what only a front has is refused on a listener for policy requests") {
    for (const char* key :
         {"upstream = \"smtp://127.0.0.1:25\"", "upstream_idle = 0", "tls_verify = true",
          "client_address = \"none\"", "tls = false", "starttls = \"off\"", "certificates = []",
          "auth_failure = \"local\"", "auth_upstream_max = 1", "auth_without_tls = true",
          "proxy_from = []", "xclient_from = []", "banner = \"x\"", "bare_newline = \"refuse\"",
          "rcpt_reply = \"learn\"", "defer_reply = \"450 4.7.1 no\""}) {
        const std::string name = std::string(key).substr(0, std::string(key).find(' '));
        const std::string message = error(listener(std::string("protocol = \"policy\"\n") + key));
        INFO(message);
        CHECK(begins(message, "5:"));
        CHECK(message.find(" listener." + name +
                           ": not with protocol = \"policy\", where the mail server speaks with "
                           "the client; leave it out") != std::string::npos);
    }
}

TEST_CASE("what is no TOML at all is refused with its place") {
    CHECK(begins(error("[:"), "1:2: "));
    CHECK(begins(error("a = 1\n[[::]]\n"), "2:3: "));
    CHECK(begins(error("= 1"), "1:1: "));
    CHECK(begins(error("a \u00e9"), "1:"));
    CHECK(begins(error("[127.0.0.\u03ed:25"), "1:"));
}

TEST_CASE("a bad value is refused with its place and what to write") {
    CHECK(error("store = \"relative\"\n") == "1:9: store: not an absolute path");
    CHECK(error("store = 1\n") == "1:9: store: not a text; write it in double quotes");
    CHECK(error("on_store_error = \"block\"\n") ==
          "1:18: on_store_error: 'block': no such value; write defer or pass");
    CHECK(begins(error("recipient_delimiter = \"@\"\n"), "1:23: recipient_delimiter: "));
    CHECK(begins(error("drain = \"30\"\n"), "1:9: drain: '30': "));
    CHECK(begins(error("hostname = \"not a host\"\n"), "1:12: hostname: not a host name"));
    CHECK(begins(error("history = -1\n"), "1:11: history: not a number from 0"));
    CHECK(error("[limits]\ncommand_line = 100\n") ==
          "2:16: limits.command_line: not a number from 512 to 65536");
    CHECK(begins(error("[limits]\nrecipients = 99\n"), "2:14: limits.recipients: "));
    CHECK(error("[timeouts]\ndata = \"0s\"\n") ==
          "2:8: timeouts.data: too short; the least is \"1s\"");
    CHECK(begins(error("limits = 3\n"), "1:10: limits: not a table"));
    CHECK(begins(error("[listener]\nlisten = \"x\"\n"), "1:1: listener: not a list of tables"));
    CHECK(begins(error(listener("direction2 = \"in\"")), "4:1: listener.direction2: no such key"));
    CHECK(begins(error(listener("upstream = \"smtp://127.0.0.1:25\"")),
                 "1:1: listener.client_address: not set, and there is no default"));
    CHECK(begins(error(listener("upstream = [\"maildir:/m\", \"maildir:/n\"]")),
                 "4:27: listener.upstream: 'maildir:/n': a Maildir is always there"));
    CHECK(begins(error(listener("upstream = [\"[::1]:25\", \"smtp://[::1]:25\"]\n"
                                "client_address = \"none\"")),
                 "4:25: listener.upstream: 'smtp://[::1]:25': twice"));
    CHECK(begins(error(listener("client_address = \"proxy\"")),
                 "4:18: listener.client_address: a Maildir knows the client"));
    CHECK(begins(error(listener("xclient_from = [\"192.0.2.1/24\"]")),
                 "4:17: listener.xclient_from: '192.0.2.1/24': not a network"));
    CHECK(begins(error(listener("bare_newline = \"pass\"")),
                 "4:16: listener.bare_newline: 'pass': no such value"));
    CHECK(begins(error("threads = 257\n"), "1:11: threads: "));
    CHECK(begins(error(listener("upstream = \"ftp://x\"")),
                 "4:12: listener.upstream: 'ftp://x': not an upstream; write smtp://HOST:PORT"));
    CHECK(begins(error(listener("trusted_networks = [\"192.0.2.1/24\"]")),
                 "4:21: listener.trusted_networks: '192.0.2.1/24': not a network"));
    CHECK(begins(error(listener("auth_domain = \"a b\"")), "4:15: listener.auth_domain: "));
    CHECK(
        begins(error(listener("auth_without_tls = \"maybe\"")),
               "4:20: listener.auth_without_tls: 'maybe': no such value; write loopback or true"));
    CHECK(begins(error(listener("banner = \"a\\nb\"")), "4:10: listener.banner: "));
    CHECK(begins(error(listener("name = \"\"")), "4:8: listener.name: empty"));
}

TEST_CASE("with certificates STARTTLS is there by itself, and where users send, required") {
    const auto read = [](const std::string& lines) {
        return good("[[listener]]\nlisten = \"127.0.0.1:2525\"\n" + lines +
                    "certificates = [{ chain = \"/c\", key = \"/k\" }]\n")
            .listeners.at(0);
    };
    CHECK(read("").starttls == StartTls::optional);
    CHECK(read("direction = \"out\"\n").starttls == StartTls::required);
    CHECK(read("direction = \"out\"\nstarttls = \"optional\"\n").starttls == StartTls::optional);
    CHECK(read("starttls = \"off\"\n").starttls == StartTls::off);
    CHECK(read("tls = true\n").starttls == StartTls::off);
    CHECK(read("tls = true\nstarttls = \"off\"\n").tls);
}

TEST_CASE("TLS that cannot be had is refused, with what to write") {
    CHECK(error(listener("tls = true")) ==
          "4:7: listener.tls: there are no certificates for it; write certificates = [{ chain = "
          "\"/PATH/fullchain.pem\", key = \"/PATH/privkey.pem\" }]");
    CHECK(begins(error(listener("starttls = \"optional\"")),
                 "4:12: listener.starttls: there are no certificates for it; write "));
    CHECK(begins(error(listener("tls = true\ncertificates = []")),
                 "4:7: listener.tls: there are no certificates for it; write "));
    const std::string pair = "certificates = [{ chain = \"/c\", key = \"/k\" }]\n";
    CHECK(begins(error(listener((pair + "tls = true\nstarttls = \"required\""))),
                 "6:12: listener.starttls: not with tls = true"));
    CHECK(error(listener("certificates = \"/c\"")) ==
          "4:16: listener.certificates: not a list of tables; write certificates = [{ chain = "
          "\"/PATH/fullchain.pem\", key = \"/PATH/privkey.pem\" }]");
    CHECK(error(listener("certificates = [{ chain = \"/c\" }]")) ==
          "4:17: listener.certificates.key: missing; write { chain = \"/PATH/fullchain.pem\", key "
          "= \"/PATH/privkey.pem\" }");
    CHECK(error(listener("certificates = [{ chain = \"c\", key = \"/k\" }]")) ==
          "4:27: listener.certificates.chain: 'c': not an absolute path");
    CHECK(error(listener("certificates = [{ chain = \"/c\", keys = \"/k\" }]")) ==
          "4:17: listener.certificates.key: missing; write { chain = \"/PATH/fullchain.pem\", key "
          "= \"/PATH/privkey.pem\" }");
    CHECK(error(listener("certificates = [{ chain = \"/c\", key = \"/k\", crl = \"/r\" }]")) ==
          "4:45: listener.certificates.crl: no such key");
    CHECK(error(listener("auth_failure = \"remote\"")) ==
          "4:16: listener.auth_failure: 'remote': no such value; write upstream or local");
}

TEST_CASE("an address to listen on must be numeric, with a port") {
    for (const char* bad :
         {"localhost:25", "127.0.0.1", "::1:25", "127.0.0.1:65536", "[127.0.0.1]:25",
          "127.0.0.1:", "[[::1]]:25", "unix:run/x", "unix:", "systemd:", "systemd:a:b"}) {
        INFO(bad);
        const std::string message =
            error(std::string("[[listener]]\nlisten = [\"") + bad + "\"]\n");
        CHECK(begins(message, "2:11: listener.listen: '" + std::string(bad) + "': not "));
    }
    CHECK(begins(error("[[listener]]\nname = \"mx\"\n"), "1:1: listener.listen: no address"));
}

TEST_CASE("a reply has a code that refuses, and fits in a line") {
    for (const char* bad :
         {"250 2.0.0 Ok", "554", "no", "421 4.7.0 bye", "554-more", "554 5.7.1 \\r\\n"})
        CHECK(begins(error(listener("rcpt_reply = \"" + std::string(bad) + "\"")),
                     "4:14: listener.rcpt_reply: "));
    CHECK(begins(error(listener("rcpt_reply = \"554 " + std::string(200, 'x') + "\"")),
                 "4:14: listener.rcpt_reply: longer than 200"));
    CHECK(begins(error(listener("defer_reply = \"554 5.7.1 no\"")),
                 "4:15: listener.defer_reply: not a reply that begins with a 4xx code"));
}

TEST_CASE("two listeners of one name cannot be told apart in the log") {
    CHECK(begins(error("[[listener]]\nlisten = \"127.0.0.1:1\"\n[[listener]]\nlisten = "
                       "\"127.0.0.1:2\"\n"),
                 "3:1: listener.name: 'in': another listener has that name"));
}

TEST_CASE("a password that is no hash is refused, and not repeated") {
    const std::string message = error("[users]\n\"bob@example.com\" = \"secret-word\"\n");
    CHECK(begins(message, "2:21: users.bob@example.com: not a crypt(3) hash"));
    CHECK(message.find("secret-word") == std::string::npos);
    CHECK(begins(error("[users]\n\"bob@a.example\" = \"$6$0123456789\"\n"
                       "\"BOB@a.example\" = \"$6$0123456789\"\n"),
                 "2:19: users.bob@a.example: the same account"));
}

TEST_CASE("what is no TOML is refused with its place") {
    CHECK(begins(error("store = \n"), "1:"));
    CHECK(begins(error("a = 1\na = 2\n"), "2:"));
}

TEST_CASE("a file that was named must exist") {
    const test::TemporaryDirectory directory;
    const auto config = find_config(directory / "none.toml");
    REQUIRE_FALSE(config);
    CHECK(config.error().code == ErrorCode::failed);
    CHECK(config.error().message.find("No such file") != std::string::npos);
    CHECK_FALSE(load_config(directory.path()));
}

TEST_CASE("the domain of a host is what stands behind its first dot") {
    CHECK(domain_of_host("mail.Example.com") == "example.com");
    CHECK(domain_of_host("localhost").empty());
    CHECK(domain_of_host("192.0.2.7").empty());
    CHECK(domain_of_host("").empty());
}

}  // namespace smtpblock
