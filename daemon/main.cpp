// smtpblockd: puts the parts together, and is the edge where exceptions end.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>

#include "common/config.h"
#include "common/store_paths.h"
#include "common/store_reader.h"
#include "common/text.h"
#include "daemon/guard/guard.h"
#include "daemon/guard/log_record.h"
#include "daemon/guard/secret_key.h"
#include "daemon/maildir/delivery.h"
#include "daemon/net/server.h"
#include "daemon/net/tls/listener_certificates.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/setup.h"

namespace smtpblock {
namespace {

int complain(std::string_view message) {
    const char* priority = guard::leads_to_journal(STDERR_FILENO) ? "<3>" : "";
    fmt::print(stderr, "{}smtpblockd: {}\n", priority, message);
    return EXIT_FAILURE;
}

std::optional<std::string> environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

std::string system_hostname() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/// What --check-config says of the certificates: those that clients would refuse are a failure.
Result<void> check_certificates(const Setup& setup) {
    tls::ListenerCertificates certificates;
    for (const net::ListenerOptions& listener : setup.listeners)
        certificates.add(listener.session.listener, listener.certificates);
    if (auto read = certificates.read(); !read) return read;
    fmt::print("{}", certificates.description());
    for (const std::string& warning : certificates.warnings())
        fmt::print(stderr, "smtpblockd: warning: {}\n", warning);
    if (const auto invalid = certificates.invalid(); !invalid.empty())
        return fail(ErrorCode::failed, "{}", fmt::join(invalid, "\nsmtpblockd: "));
    return {};
}

Result<void> prepare_maildirs(const Setup& setup) {
    for (const net::ListenerOptions& listener : setup.listeners) {
        const UpstreamAddress& upstream = listener.upstreams.front();
        if (upstream.kind != UpstreamAddress::Kind::maildir) continue;
        if (auto made = maildir::prepare(upstream.path); !made) return made;
    }
    return {};
}

int serve(Setup setup, StoreReader& rules, guard::LogLevel least) {
    guard::Log log(STDERR_FILENO, least, guard::leads_to_journal(STDERR_FILENO));
    for (const std::string& warning : setup.warnings) {
        guard::LogRecord record("config");
        record.add("detail", warning).write(log, guard::LogLevel::warning);
    }
    const auto key = guard::SecretKey::make();
    if (!key) return complain(key.error().message);
    for (net::ListenerOptions& listener : setup.listeners)
        listener.session.keyed_hash = (*key)->keyed_hash();

    guard::Guard guard(rules, log, setup.guard);
    setup.server.each_second = [&guard] { guard.look(); };
    net::Server server(setup.server, std::move(setup.listeners), guard, log);
    if (const auto bound = server.listen(); !bound) return complain(bound.error().message);
    server.obey_signals();
    server.run([] { notify_service_manager("READY=1"); },
               [] { notify_service_manager("STOPPING=1"); });
    return EXIT_SUCCESS;
}

int run(const Options& options) {
    const auto config = find_config(options.config);
    if (!config) return complain(config.error().message);
    auto setup = make_setup(options, *config, system_hostname());
    if (!setup) return complain(setup.error().message);
    if (options.check_config) {
        fmt::print("{}", description(*setup));
        if (const auto good = check_certificates(*setup); !good)
            return complain(good.error().message);
    }

    const auto rules = StoreReader::open(StorePaths(setup->store));
    if (!rules && rules.error().code == ErrorCode::no_store)
        return complain(fmt::format("{}; to make it: smtpblock --store {} init",
                                    rules.error().message, printable(setup->store)));
    if (!rules) return complain(rules.error().message);
    if (options.check_config) return std::fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;

    if (const auto made = prepare_maildirs(*setup); !made) return complain(made.error().message);
    std::signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    return serve(*std::move(setup), **rules, options.log_level);
}

}  // namespace
}  // namespace smtpblock

int main(int argc, char** argv) {
    try {
        const auto parsed = smtpblock::parse_options(argc, argv, smtpblock::environment);
        if (parsed.options) return smtpblock::run(*parsed.options);
        std::fputs(parsed.output.c_str(), stdout);
        std::fputs(parsed.error.c_str(), stderr);
        return parsed.exit_status;
    } catch (const std::exception& error) {
        return smtpblock::complain(error.what());
    }
}
