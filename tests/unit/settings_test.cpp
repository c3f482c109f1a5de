#include "cli/settings.h"

#include <catch2/catch.hpp>
#include <map>

#include "unit/temporary_directory.h"

using namespace smtpblock;

namespace {

Environment environment(std::map<std::string, std::string> values) {
    return [values = std::move(values)](const char* name) -> std::optional<std::string> {
        const auto found = values.find(name);
        if (found == values.end()) return std::nullopt;
        return found->second;
    };
}

std::string store_of(const GlobalOptions& options, const Environment& values) {
    const auto settings = settings_of(options, values, false);
    if (!settings) FAIL(settings.error().message);
    return settings->store;
}

}  // namespace

TEST_CASE("the store is the flag's, else the environment's, else the configuration's") {
    const test::TemporaryDirectory folder;
    const auto config = folder.write("c.toml", "store = \"/from/config\"\n");
    const auto both = environment({{"SMTPBLOCK_STORE", "/from/env"}, {"SMTPBLOCK_CONFIG", config}});
    CHECK(store_of({.store = "/from/flag"}, both) == "/from/flag");
    CHECK(store_of({}, both) == "/from/env");
    CHECK(store_of({}, environment({{"SMTPBLOCK_CONFIG", config}})) == "/from/config");
    CHECK(store_of({.config = config}, environment({})) == "/from/config");
}

TEST_CASE("a configuration that names no store means the default one") {
    const test::TemporaryDirectory folder;
    const auto config = folder.write("c.toml", "recipient_delimiter = \"-\"\n");
    const auto settings = settings_of({.config = config}, environment({}), true);
    REQUIRE(settings);
    CHECK(settings->store == "/var/lib/smtpblock");
    CHECK(settings->config.recipient_delimiter == "-");
}

TEST_CASE("a configuration that was named must be there") {
    const GlobalOptions options{.store = "/s", .config = "/nonexistent/smtpblock.toml"};
    CHECK_FALSE(settings_of(options, environment({}), false));
    CHECK_FALSE(
        settings_of({.store = "/s"}, environment({{"SMTPBLOCK_CONFIG", "/nonexistent"}}), false));
}

TEST_CASE("an empty name is a mistake, not the default") {
    CHECK_FALSE(settings_of({.store = ""}, environment({}), false));
    CHECK_FALSE(settings_of({.config = ""}, environment({}), false));
}
