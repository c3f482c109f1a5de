#include "common/config.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "common/address.h"
#include "common/config_listener.h"
#include "common/config_reader.h"
#include "common/domain_name.h"
#include "common/text.h"

namespace smtpblock {
namespace {

using std::chrono::seconds;

constexpr std::size_t million = 1000000;

std::optional<Error> read_limits(const toml::table& table, const std::string& file,
                                 Limits& limits) {
    ConfigReader reader(table, file, "limits.");
    reader.read("sessions", limits.sessions, 1, million);
    reader.read("sessions_per_client", limits.sessions_per_client, 1, million);
    reader.read("errors", limits.errors, 1, million);
    reader.read("command_line", limits.command_line, 512, 65536);  // RFC 5321 4.5.3.1.4
    reader.read("recipients", limits.recipients, 100, million);    // RFC 5321 4.5.3.1.8
    return reader.finish();
}

std::optional<Error> read_timeouts(const toml::table& table, const std::string& file,
                                   ConfiguredTimeouts& timeouts) {
    ConfigReader reader(table, file, "timeouts.");
    reader.read("command", timeouts.command, seconds(1));
    reader.read("data", timeouts.data, seconds(1));
    reader.read("upstream_connect", timeouts.upstream_connect, seconds(1));
    reader.read("upstream_reply", timeouts.upstream_reply, seconds(1));
    reader.read("upstream_end", timeouts.upstream_end, seconds(1));
    return reader.finish();
}

/// A hash is never shown: not even in the message that says that it is none.
std::optional<Error> read_users(const toml::table& table, const std::string& file, Config& config) {
    ConfigReader reader(table, file, "users.");
    for (const auto& [key, node] : table) {
        std::string hash;
        reader.read(key.str(), hash);
        if (!hash.starts_with('$') || hash.size() < 12)
            reader.refuse(key.str(), "not a crypt(3) hash; make one with: openssl passwd -6");
        const auto account = Address::of_identity(key.str(), "").text();
        if (!config.users.emplace(account, hash).second)
            reader.refuse(key.str(), "the same account as another one");
    }
    return reader.finish();
}

Result<Config> read_config(const toml::table& table, const std::string& file) {
    Config config;
    ConfigReader reader(table, file, "");
    std::string store;
    reader.read("store", store);
    if (reader.has("store")) config.store = store;
    if (config.store && !store.starts_with('/')) reader.refuse("store", "not an absolute path");
    reader.choose("on_store_error", config.on_store_error,
                  {{"defer", OnStoreError::defer}, {"pass", OnStoreError::pass}});
    reader.read("recipient_delimiter", config.recipient_delimiter);
    if (config.recipient_delimiter.find_first_of("@. \"") != std::string::npos)
        reader.refuse("recipient_delimiter", "holds a character that cannot be a delimiter");
    reader.read("history", config.history, 0, 1000000000);
    reader.read("threads", config.threads, 0, 256);
    reader.read("hostname", config.hostname);
    if (!config.hostname.empty() && !is_host_name(config.hostname))
        reader.refuse("hostname", "not a host name");
    reader.read("drain", config.drain, seconds(0));

    std::optional<Error> inner;
    if (const auto* limits = reader.table("limits"))
        inner = read_limits(*limits, file, config.limits);
    if (inner) return Failure(*std::move(inner));
    if (const auto* timeouts = reader.table("timeouts"))
        inner = read_timeouts(*timeouts, file, config.timeouts);
    if (inner) return Failure(*std::move(inner));
    if (const auto* users = reader.table("users")) inner = read_users(*users, file, config);
    if (inner) return Failure(*std::move(inner));
    for (const toml::table* written : reader.tables("listener")) {
        auto listener = read_listener(*written, file);
        if (!listener) return std::move(listener).failure();
        for (const ListenerConfig& other : config.listeners)
            if (other.name == listener->name)
                reader.refuse_at(written->source(), "listener.name",
                                 quoted(other.name) +
                                     ": another listener has that name; give "
                                     "each one of its own");
        config.listeners.push_back(*std::move(listener));
    }
    if (auto error = reader.finish()) return Failure(*std::move(error));
    return config;
}

/// Nothing when the file cannot be read: errno says why.
std::optional<std::string> contents(const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                               std::fclose);
    if (!file) return std::nullopt;
    std::string text;
    std::array<char, 4096> part;
    while (const auto octets = std::fread(part.data(), 1, part.size(), file.get()))
        text.append(part.data(), octets);
    if (std::ferror(file.get()) != 0) return std::nullopt;
    return text;
}

}  // namespace

Result<Config> parse_config(std::string_view text, const std::string& file) {
    const toml::parse_result parsed = toml::parse(text, file);
    if (!parsed) {
        const auto& where = parsed.error().source().begin;
        return fail(ErrorCode::bad_input, "{}:{}:{}: {}", file, where.line, where.column,
                    printable(parsed.error().description()));
    }
    return read_config(parsed.table(), file);
}

Result<Config> load_config(const std::string& path) {
    const auto text = contents(path);
    if (!text)
        return fail(errno == EACCES ? ErrorCode::not_permitted : ErrorCode::failed,
                    "cannot read {}: {}", quoted(path), std::strerror(errno));
    return parse_config(*text, path);
}

Result<Config> find_config(const std::string& named) {
    if (!named.empty()) return load_config(named);
    if (access(default_config_path, F_OK) != 0 && errno == ENOENT) return Config{};
    return load_config(default_config_path);
}

std::string domain_of_host(std::string_view hostname) {
    const auto dot = hostname.find('.');
    if (dot == std::string_view::npos || IpAddress::parse(hostname)) return {};
    return canonical_domain(hostname.substr(dot + 1)).value_or("");
}

std::string default_rcpt_reply(Direction direction) {
    return direction == Direction::out
               ? "554 5.7.1 <{rcpt}>: Relay access denied"
               : "554 5.7.1 <{rcpt}>: Recipient address rejected: Access denied";
}

std::string default_defer_reply() {
    return "450 4.7.1 <{rcpt}>: Recipient address rejected: Access denied";
}

}  // namespace smtpblock
