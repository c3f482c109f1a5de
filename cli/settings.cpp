#include "cli/settings.h"

#include "common/store_paths.h"

namespace smtpblock {

Result<Settings> settings_of(const GlobalOptions& options, const Environment& environment,
                             bool needs_config) {
    const auto named_store = options.store ? options.store : environment("SMTPBLOCK_STORE");
    const auto named_config = options.config ? options.config : environment("SMTPBLOCK_CONFIG");
    if (named_store && named_store->empty())
        return fail(ErrorCode::bad_input, "--store: an empty name; write a directory");
    if (named_config && named_config->empty())
        return fail(ErrorCode::bad_input, "--config: an empty name; write a file");

    Settings settings;
    if (!named_store || named_config || needs_config) {
        auto config = find_config(named_config.value_or(""));
        if (!config) return std::move(config).failure();
        settings.config = std::move(*config);
    }
    settings.store = named_store ? *named_store : settings.config.store.value_or(default_store);
    return settings;
}

}  // namespace smtpblock
