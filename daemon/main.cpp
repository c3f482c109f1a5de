// smtpblockd: puts the parts together, and is the edge where exceptions end.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/store_paths.h"
#include "common/store_reader.h"
#include "common/text.h"
#include "daemon/check_upstreams.h"
#include "daemon/daemon.h"
#include "daemon/descriptor_limit.h"
#include "daemon/guard/log.h"
#include "daemon/net/front/activated_sockets.h"
#include "daemon/net/tls/listener_certificates.h"
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

void warn(const std::vector<std::string>& warnings) {
    for (const std::string& warning : warnings)
        fmt::print(stderr, "smtpblockd: warning: {}\n", warning);
}

/// What --check-config says of the certificates: those that clients would refuse are a failure.
Result<void> check_certificates(const Setup& setup) {
    tls::TicketKeys keys(std::chrono::steady_clock::now());
    tls::ListenerCertificates certificates(keys);
    for (const net::ListenerOptions& listener : setup.listeners)
        certificates.add(listener.session.listener, listener.certificates);
    if (auto read = certificates.read(); !read) return read;
    fmt::print("{}", certificates.description());
    warn(certificates.warnings());
    if (const auto invalid = certificates.invalid(); !invalid.empty())
        return fail(ErrorCode::failed, "{}", fmt::join(invalid, "\nsmtpblockd: "));
    return {};
}

/// The last of what --check-config says: it takes longest.
int report_upstreams(const Setup& setup) {
    std::fflush(stdout);
    const UpstreamCheck check = check_upstreams(setup);
    for (const std::string& line : check.found) fmt::print("{}\n", line);
    for (const std::string& flaw : check.flaws) complain(flaw);
    return check.flaws.empty() && std::fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run(const Options& options) {
    // Before any file of ours could have the number of a socket that was not passed after all.
    auto activated = net::ActivatedSockets::take();
    auto setup = read_setup(options);
    if (!setup) return complain(setup.error().message);
    if (options.check_config) {
        fmt::print("{}", description(*setup));
        warn(setup->warnings);
        if (const auto good = check_certificates(*setup); !good)
            return complain(good.error().message);
    }

    auto rules = StoreReader::open(StorePaths(setup->store));
    if (!rules && rules.error().code == ErrorCode::no_store)
        return complain(fmt::format("{}; to make it: smtpblock --store {} init",
                                    rules.error().message, printable(setup->store)));
    if (!rules) return complain(rules.error().message);
    std::signal(SIGPIPE, SIG_IGN);
    if (options.check_config) return report_upstreams(*setup);
    raise_descriptor_limit();
    Daemon daemon(options, *std::move(setup), *std::move(rules), std::move(activated));
    const auto served = daemon.serve();
    return served ? EXIT_SUCCESS : complain(served.error().message);
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
