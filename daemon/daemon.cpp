#include "daemon/daemon.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <exception>
#include <set>
#include <utility>

#include "common/config.h"
#include "common/text.h"
#include "daemon/descriptor_limit.h"
#include "daemon/guard/log_record.h"
#include "daemon/maildir/delivery.h"
#include "daemon/notify.h"
#include "daemon/own_upstream.h"
#include "daemon/seen_writer.h"

namespace smtpblock {
namespace {

/// From the end of the last session until the process is gone.
constexpr auto to_leave = std::chrono::seconds(10);

Result<void> prepare_maildirs(const Setup& setup) {
    for (const net::ListenerOptions& listener : setup.listeners) {
        if (listener.upstreams.empty()) continue;  // a door
        const UpstreamAddress& upstream = listener.upstreams.front();
        if (upstream.kind != UpstreamAddress::Kind::maildir) continue;
        if (auto made = maildir::prepare(upstream.path); !made) return made;
    }
    return {};
}

/// Read again, the file asks for what a running process cannot do.
Result<void> check_unchanged(const Setup& before, const Setup& now) {
    if (now.store != before.store)
        return fail(ErrorCode::bad_input, "store: {} instead of {}; restart to apply it",
                    quoted(now.store), quoted(before.store));
    if (now.server.threads != before.server.threads)
        return fail(ErrorCode::bad_input, "threads: {} instead of {}; restart to apply it",
                    now.server.threads, before.server.threads);
    return {};
}

}  // namespace

std::string system_hostname() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

Result<Setup> read_setup(const Options& options) {
    const auto config = find_config(options.config);
    if (!config) return fail(config.error().code, "{}", config.error().message);
    auto setup = make_setup(options, *config, system_hostname());
    if (!setup) return setup;
    // Names wait for a resolver, so they are looked up by --check-config alone.
    const auto names = options.check_config ? Names::resolved : Names::as_addresses;
    if (auto other = refuse_own_upstreams(*setup, names); !other) return std::move(other).failure();
    return setup;
}

Daemon::Daemon(Options options, Setup setup, std::unique_ptr<StoreReader> rules,
               net::ActivatedSockets activated)
    : options_(std::move(options)),
      setup_(std::move(setup)),
      log_(STDERR_FILENO, options_.log_level, guard::leads_to_journal(STDERR_FILENO)),
      state_(log_),
      watch_(*rules, log_, state_, setup_.guard),
      server_(
          [this] {
              setup_.server.each_second = [this] { watch_.look(); };
              return setup_.server;
          }(),
          log_, std::move(activated)) {
    rules_.push_back(std::move(rules));
    while (rules_.size() < server_.threads())
        rules_.push_back(rules_.front()->for_another_thread());
}

Result<void> Daemon::serve() {
    tell_warnings(setup_);
    auto key = guard::SecretKey::make();
    if (!key) return std::move(key).failure();
    key_ = *std::move(key);
    if (auto made = prepare_maildirs(setup_); !made) return made;
    if (auto bound = server_.listen(listeners_of(setup_), policies_of(setup_)); !bound)
        return bound;
    const SeenWriter seen(StorePaths(setup_.store), state_.sightings, log_);
    presence_.emplace(
        StorePaths(setup_.store), server_.listeners(), [this] { return server_.sessions(); }, log_);
    server_.obey_signals([this] { reload(); });
    keep_watchdog_quiet();
    server_.run([this] { tell_manager("READY=1"); },
                [this](std::chrono::seconds most) {
                    // TimeoutStopSec= may be shorter than what the configuration grants.
                    tell_manager(fmt::format("STOPPING=1\nEXTEND_TIMEOUT_USEC={}",
                                             std::chrono::microseconds(most + to_leave).count()));
                });
    return {};
}

void Daemon::tell_warnings(const Setup& setup) {
    for (const std::string& warning : setup.warnings) warn(warning);
    std::set<Protocol> protocols;
    for (const net::ListenerOptions& listener : setup.listeners)
        protocols.insert(listener.protocol);
    if (const auto few = descriptor_warning(setup.server.sessions, protocols, descriptor_limit());
        !few.empty())
        warn(few);
}

void Daemon::warn(const std::string& detail) {
    guard::LogRecord record("config");
    record.add("detail", detail).write(log_, guard::LogLevel::warning);
}

void Daemon::tell_manager(const std::string& state) {
    const auto told = notify_service_manager(state);
    if (told || std::exchange(manager_is_deaf_, true)) return;
    warn(told.error().message);
}

void Daemon::keep_watchdog_quiet() {
    const auto interval = watchdog_interval();
    if (!interval) return warn(interval.error().message);
    if (*interval) server_.give_signs_of_life(**interval, [this] { tell_manager("WATCHDOG=1"); });
}

/// The key is one for the life of the process: a secret is always spoilt in the same way.
std::vector<net::ListenerOptions> Daemon::listeners_of(Setup& setup) const {
    for (net::ListenerOptions& listener : setup.listeners)
        listener.session.keyed_hash = key_->keyed_hash();
    return std::move(setup.listeners);
}

net::PolicyFactory Daemon::policies_of(const Setup& setup) {
    return [this, options = setup.guard](std::size_t thread) {
        return std::make_shared<guard::Guard>(*rules_[thread], log_, state_, options);
    };
}

void Daemon::reload() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    tell_manager(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                             std::chrono::duration_cast<std::chrono::microseconds>(now).count()));
    const auto certificates = apply_again();
    tell_manager("READY=1");
    guard::LogRecord record("signal");
    record.add("name", "SIGHUP");
    if (certificates) {
        record.add("certificates", std::uint64_t{*certificates});
        record.add("detail", "read again: what begins from now on goes by it");
        return record.write(log_, guard::LogLevel::info);
    }
    record.add("detail", "refused, the old one stays: " + certificates.error().message);
    record.write(log_, guard::LogLevel::error);
}

/// Descriptors or memory may be used up just now: the old one stays then too.
Result<std::size_t> Daemon::apply_again() try {
    auto setup = read_setup(options_);
    if (!setup) return std::move(setup).failure();
    if (auto same = check_unchanged(setup_, *setup); !same) return std::move(same).failure();
    if (auto made = prepare_maildirs(*setup); !made) return std::move(made).failure();
    auto changed = server_.change(setup->server, listeners_of(*setup), policies_of(*setup));
    if (changed) {
        tell_warnings(*setup);
        presence_->listeners(server_.listeners());
    }
    return changed;
} catch (const std::exception& error) {
    return fail(ErrorCode::failed, "{}", error.what());
}

}  // namespace smtpblock
