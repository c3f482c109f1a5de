#include "daemon/options.h"

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

namespace smtpblock {
namespace {

using Variables = std::map<std::string, std::string>;

ParsedOptions parse(std::vector<const char*> arguments, const Variables& variables = {}) {
    arguments.insert(arguments.begin(), "smtpblockd");
    return parse_options(static_cast<int>(arguments.size()), arguments.data(),
                         [&](const char* name) -> std::optional<std::string> {
                             const auto found = variables.find(name);
                             if (found == variables.end()) return std::nullopt;
                             return found->second;
                         });
}

Options good(const std::vector<const char*>& arguments, const Variables& variables = {}) {
    const auto parsed = parse(arguments, variables);
    INFO(parsed.error);
    REQUIRE(parsed.options);
    return *parsed.options;
}

std::string refusal(const std::vector<const char*>& arguments) {
    const auto parsed = parse(arguments);
    CHECK_FALSE(parsed.options);
    CHECK(parsed.exit_status == 2);
    CHECK(parsed.output.empty());
    return parsed.error;
}

}  // namespace

TEST_CASE("without options everything is the configuration's") {
    const Options options = good({});
    CHECK(options.config.empty());
    CHECK_FALSE(options.store);
    CHECK(options.listen.empty());
    CHECK_FALSE(options.upstream);
    CHECK(options.log_level == guard::LogLevel::info);
    CHECK_FALSE(options.check_config);
}

TEST_CASE("the store and the configuration are the flag's, else the environment's") {
    const Variables variables{{"SMTPBLOCK_STORE", "/env"}, {"SMTPBLOCK_CONFIG", "/env.toml"}};
    CHECK(good({}, variables).store == "/env");
    CHECK(good({}, variables).config == "/env.toml");
    CHECK(good({"--store", "/flag"}, variables).store == "/flag");
    CHECK(good({"--config=/flag.toml"}, variables).config == "/flag.toml");
    CHECK_FALSE(good({}, {{"SMTPBLOCK_STORE", ""}}).store);
}

TEST_CASE("listeners are incoming unless they say otherwise") {
    const Options options =
        good({"--listen", "127.0.0.1:2525", "--listen", "in:[::1]:25", "--listen",
              "out:0.0.0.0:587", "--upstream", "smtp://127.0.0.1:10025", "--log-level", "debug"});
    REQUIRE(options.listen.size() == 3);
    CHECK(options.listen[0].direction == Direction::in);
    CHECK(options.listen[0].address.text() == "127.0.0.1:2525");
    CHECK(options.listen[1].direction == Direction::in);
    CHECK(options.listen[1].address.text() == "[::1]:25");
    CHECK(options.listen[2].direction == Direction::out);
    CHECK(options.listen[2].address.text() == "0.0.0.0:587");
    CHECK(options.upstream->text() == "smtp://127.0.0.1:10025");
    CHECK(options.log_level == guard::LogLevel::debug);
    CHECK(good({"--listen", "[::1]:2525"}).listen[0].address.text() == "[::1]:2525");
}

TEST_CASE("a listener with TLS says so behind its port") {
    const Options options = good({"--listen", "127.0.0.1:2525", "--listen", "127.0.0.1:465,tls",
                                  "--listen", "out:[::1]:465,tls"});
    REQUIRE(options.listen.size() == 3);
    CHECK_FALSE(options.listen[0].tls);
    CHECK(options.listen[1].tls);
    CHECK(options.listen[1].address.text() == "127.0.0.1:465");
    CHECK(options.listen[2].tls);
    CHECK(options.listen[2].direction == Direction::out);
    CHECK(options.listen[2].address.text() == "[::1]:465");
}

TEST_CASE("bad usage is refused with what to write") {
    CHECK(refusal({"--listen", "localhost:25"}).find("127.0.0.1:2525 or [::1]:2525") !=
          std::string::npos);
    CHECK(refusal({"--listen", "127.0.0.1:465,ssl"}).starts_with("smtpblockd: '127.0.0.1:465,"));
    CHECK(refusal({"--listen", "127.0.0.1:465,tls,tls"}).starts_with("smtpblockd: '127.0.0.1:"));
    CHECK(refusal({"--listen", "both:127.0.0.1:25"}).starts_with("smtpblockd: 'both:"));
    CHECK(refusal({"--upstream", "127.0.0.1:25"}).find("write --listen") != std::string::npos);
    CHECK(refusal({"--listen", "127.0.0.1:25", "--upstream", "x"}).find("smtp://HOST:PORT") !=
          std::string::npos);
    CHECK(refusal({"--log-level", "loud"}) ==
          "smtpblockd: --log-level 'loud': write error, warning, info or debug\n");
    CHECK(refusal({"--no-such-thing"}).find("--help") != std::string::npos);
    CHECK(refusal({"word"}).find("--help") != std::string::npos);
    CHECK(refusal({"--listen"}).find("--help") != std::string::npos);
}

TEST_CASE("help and version go to standard output and are no failure") {
    const auto help = parse({"--help"});
    CHECK_FALSE(help.options);
    CHECK(help.exit_status == 0);
    for (const char* option : {"--config", "--check-config", "--store", "--listen", "--upstream",
                               "--log-level", "--version"})
        CHECK(help.output.find(option) != std::string::npos);
    const auto version = parse({"--version"});
    CHECK(version.exit_status == 0);
    CHECK(version.output == "smtpblockd " SMTPBLOCK_VERSION "\n");
}

}  // namespace smtpblock
