#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <tuple>

#include "common/config.h"
#include "common/store_paths.h"
#include "unit/temporary_directory.h"

namespace smtpblock {
namespace {

Config good(const std::string& text) {
    const test::TemporaryDirectory directory;
    auto config = load_config(directory.write("smtpblock.toml", text));
    INFO(text);
    INFO((config ? "" : config.error().message));
    REQUIRE(config);
    return *std::move(config);
}

/// The configuration that a package installs, as its reader makes it his: what stands behind a `#`
/// without a space is a setting.
std::string installed_with_all_settings() {
    std::ifstream file(TEST_DATA "/../../daemon/package/smtpblock.toml");
    std::string text;
    for (std::string line; std::getline(file, line);)
        text += (line.starts_with("#") && !line.starts_with("# ") ? line.substr(1) : line) + "\n";
    return text;
}

auto numbers_of(const Limits& limits) {
    return std::tuple(limits.sessions, limits.sessions_per_client, limits.errors,
                      limits.command_line, limits.recipients);
}

auto times_of(const ConfiguredTimeouts& timeouts) {
    return std::tuple(timeouts.command, timeouts.data, timeouts.upstream_connect,
                      timeouts.upstream_reply, timeouts.upstream_end);
}

}  // namespace

TEST_CASE("the configuration that is installed says nothing, and shows the defaults") {
    const Config nothing = good("");
    const auto installed = load_config(TEST_DATA "/../../daemon/package/smtpblock.toml");
    REQUIRE(installed);
    CHECK_FALSE(installed->store);
    CHECK(installed->users.empty());
    CHECK(installed->listeners.empty());

    const Config shown = good(installed_with_all_settings());
    CHECK(shown.store == default_store);
    CHECK(shown.on_store_error == nothing.on_store_error);
    CHECK(shown.recipient_delimiter == nothing.recipient_delimiter);
    CHECK(shown.hostname == nothing.hostname);
    CHECK(shown.drain == nothing.drain);
    CHECK(shown.history == nothing.history);
    CHECK(shown.threads == nothing.threads);
    CHECK(numbers_of(shown.limits) == numbers_of(nothing.limits));
    CHECK(times_of(shown.timeouts) == times_of(nothing.timeouts));
    CHECK(shown.users.size() == 1);

    REQUIRE(shown.listeners.size() == 4);
    CHECK(shown.listeners[2].protocol == Protocol::policy);
    CHECK(shown.listeners[3].services == ListenerConfig().services);
    const std::string least =
        "upstream = \"smtp://127.0.0.1:10025\"\nclient_address = \"proxy\"\n"
        "certificates = [{ chain = \"/etc/smtpblock/tls/chain.pem\", key = "
        "\"/etc/smtpblock/tls/key.pem\" }]\n";
    const Config written = good("[[listener]]\nname = \"mx\"\nlisten = \"systemd:smtp\"\n" + least);
    const ListenerConfig& by_default = written.listeners[0];
    const ListenerConfig& mx = shown.listeners[0];
    CHECK(mx.listen == by_default.listen);
    CHECK(mx.direction == by_default.direction);
    CHECK(mx.certificates == by_default.certificates);
    CHECK(mx.tls == by_default.tls);
    CHECK(mx.starttls == by_default.starttls);
    CHECK(mx.upstream_idle == by_default.upstream_idle);
    CHECK(mx.tls_verify == by_default.tls_verify);
    CHECK(mx.auth_domain == "example.com");
    CHECK(mx.auth_without_tls == by_default.auth_without_tls);
    CHECK(mx.auth_failure == by_default.auth_failure);
    CHECK(mx.auth_upstream_max == by_default.auth_upstream_max);
    CHECK(mx.trusted_networks.empty());
    CHECK(mx.proxy_from.empty());
    CHECK(mx.xclient_from.empty());
    CHECK(mx.banner == by_default.banner);
    CHECK(mx.rcpt_reply == by_default.rcpt_reply);
    CHECK(mx.defer_reply == by_default.defer_reply);
    CHECK(mx.bare_newline == by_default.bare_newline);
}

}  // namespace smtpblock
