// The part of the configuration that listeners with protocol = "dovecot" have.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/config.h"

namespace smtpblock {
namespace {

Config good(const std::string& text) {
    auto config = parse_config(text, "x.toml");
    INFO((config ? "" : config.error().message));
    REQUIRE(config);
    return *std::move(config);
}

std::string error(const std::string& text) {
    const auto config = parse_config(text, "x.toml");
    REQUIRE_FALSE(config);
    return config.error().message;
}

}  // namespace

TEST_CASE("a listener for Dovecot knows protocols and a key") {
    const auto door = [](const std::string& more) {
        return "[[listener]]\nprotocol = \"dovecot\"\nlisten = [\"127.0.0.1:10032\", "
               "\"[::1]:10032\"]\n" +
               more;
    };
    const ListenerConfig plain = good(door("")).listeners.at(0);
    CHECK(plain.name == "dovecot");
    CHECK(plain.direction == Direction::out);
    CHECK(plain.services == std::vector<std::string>{"smtp", "submission"});
    CHECK_FALSE(plain.api_header);
    const ListenerConfig full =
        good(door("services = [\"imap\"]\napi_header = \"X-API-Key: secret\"\n"
                  "auth_domain = \"example.com\"\n"))
            .listeners.at(0);
    CHECK(full.services == std::vector<std::string>{"imap"});
    CHECK(full.api_header == ApiHeader{"X-API-Key", "secret"});
    CHECK(full.auth_domain == "example.com");
    for (const char* bad :
         {"services = []", "services = [\"IMAP\"]", "services = [\"\"]", "services = [1]",
          "api_header = \"\"", "api_header = \"Key:\"", "direction = \"out\"",
          "trusted_networks = []", "upstream = \"127.0.0.1:25\"", "tls = false"}) {
        const std::string name = std::string(bad).substr(0, std::string(bad).find(' '));
        const std::string message = error(door(bad));
        INFO(message);
        CHECK(message.starts_with("x.toml:4:"));
        CHECK(message.find(" listener." + name + ": ") != std::string::npos);
    }
    CHECK(error(door("api_header = \"Key: s\\u0000ecret\"")).find("ecret") == std::string::npos);
}

TEST_CASE("whoever is not on this host needs a key to ask who is blocked") {
    for (const char* where : {"0.0.0.0:1", "192.0.2.1:1", "[::]:1", "[2001:db8::1]:1"}) {
        const std::string door =
            fmt::format("[[listener]]\nprotocol = \"dovecot\"\nlisten = \"{}\"\n", where);
        CHECK(error(door).find(fmt::format("api_header: not set, and {} is not on loopback",
                                           where)) != std::string::npos);
        CHECK(good(door + "api_header = \"secret\"\n").listeners.size() == 1);
    }
    CHECK(good("[[listener]]\nprotocol = \"dovecot\"\nlisten = [\"127.1.2.3:1\", "
               "\"unix:/run/x\", \"systemd:x\"]\n")
              .listeners.size() == 1);
}

TEST_CASE("what only a listener for Dovecot has is refused on others") {
    for (const char* protocol : {"", "protocol = \"policy\"\n"})
        for (const char* key : {"services = [\"smtp\"]", "api_header = \"Key: secret\""})
            CHECK(
                error("[[listener]]\nlisten = \"127.0.0.1:2525\"\n" + (protocol + std::string(key)))
                    .find("only with protocol = \"dovecot\"") != std::string::npos);
}

}  // namespace smtpblock
