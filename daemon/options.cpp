#include "daemon/options.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "common/text.h"

namespace smtpblock {
namespace {

constexpr int usage = 2;

ParsedOptions refuse(const std::string& message) {
    ParsedOptions out;
    out.exit_status = usage;
    out.error = "smtpblockd: " + message + "\n";
    return out;
}

/// What was typed, before it is known to mean anything.
struct Typed {
    std::string config;
    std::string store;
    std::vector<std::string> listen;
    std::string upstream;
    std::string log_level = "info";
    bool check_config = false;
};

void describe(CLI::App& app, Typed& typed) {
    app.set_version_flag("--version", "smtpblockd " SMTPBLOCK_VERSION);
    app.add_option("--config", typed.config, "The configuration (/etc/smtpblock/smtpblock.toml)")
        ->type_name("FILE");
    app.add_flag("--check-config", typed.check_config, "Show what it means, and end");
    app.add_option("--store", typed.store, "The store (/var/lib/smtpblock)")->type_name("DIR");
    app.add_option("--listen", typed.listen,
                   "Listen at ADDR:PORT, unix:PATH or systemd:NAME instead of where the "
                   "configuration says")
        ->type_name("[in:|out:]WHERE[,tls]")
        ->allow_extra_args(false);
    app.add_option("--upstream", typed.upstream,
                   "With --listen: smtp://HOST:PORT, smtps://HOST:PORT, smtp+unix:PATH, or "
                   "maildir:DIR (the Maildir of the store)")
        ->type_name("SPEC");
    app.add_option("--log-level", typed.log_level, "error, warning, info or debug (info)")
        ->type_name("LEVEL");
}

Result<Options> meaning_of(const Typed& typed, const Environment& environment) {
    Options options;
    options.check_config = typed.check_config;
    options.config =
        typed.config.empty() ? environment("SMTPBLOCK_CONFIG").value_or("") : typed.config;
    options.store = typed.store.empty() ? environment("SMTPBLOCK_STORE") : typed.store;
    if (options.store && options.store->empty()) options.store.reset();
    for (const std::string& written : typed.listen) {
        auto listen = ListenArgument::parse(written);
        if (!listen) return std::move(listen).failure();
        options.listen.push_back(*listen);
    }
    if (!typed.upstream.empty()) {
        if (options.listen.empty())
            return fail(ErrorCode::bad_input,
                        "--upstream: for whom? write --listen ADDR:PORT as well");
        auto upstream = UpstreamAddress::parse(typed.upstream);
        if (!upstream) return std::move(upstream).failure();
        options.upstream = *std::move(upstream);
    }
    const auto level = guard::log_level_of(typed.log_level);
    if (!level)
        return fail(ErrorCode::bad_input, "--log-level {}: write error, warning, info or debug",
                    smtpblock::quoted(typed.log_level));
    options.log_level = *level;
    return options;
}

}  // namespace

Result<ListenArgument> ListenArgument::parse(std::string_view written) {
    ListenArgument out;
    std::string_view address = written;
    if (address.starts_with("in:")) {
        address.remove_prefix(3);
    } else if (address.starts_with("out:")) {
        address.remove_prefix(4);
        out.direction = Direction::out;
    }
    constexpr std::string_view tls = ",tls";
    if (address.ends_with(tls)) {
        address.remove_suffix(tls.size());
        out.tls = true;
    }
    auto parsed = ListenAddress::parse(address);
    if (!parsed) return std::move(parsed).failure();
    out.address = *std::move(parsed);
    return out;
}

ParsedOptions parse_options(int argc, const char* const* argv, const Environment& environment) {
    CLI::App app("smtpblockd: an SMTP front that enforces the rules of smtpblock", "smtpblockd");
    Typed typed;
    describe(app, typed);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return {.options = {}, .output = app.help(), .error = {}};
    } catch (const CLI::CallForVersion& version) {
        return {.options = {}, .output = std::string(version.what()) + "\n", .error = {}};
    } catch (const CLI::ParseError& error) {
        return refuse(printable(error.what()) + "; smtpblockd --help shows what there is");
    }
    auto options = meaning_of(typed, environment);
    if (!options) return refuse(options.error().message);
    return {.options = *std::move(options), .output = {}, .error = {}};
}

}  // namespace smtpblock
