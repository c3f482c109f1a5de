// `smtpblock status`: the state of the store, and who reads it.
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/daemons.h"
#include "cli/json.h"
#include "common/store_reader.h"
#include "common/text.h"
#include "common/time_text.h"

namespace smtpblock {
namespace {

std::string json_of(const StoreState& state, const StorePaths& store, std::size_t readers,
                    const std::vector<pid_t>& daemons) {
    std::vector<JsonObject> objects;
    for (const pid_t pid : daemons)
        objects.push_back(JsonObject().number("pid", static_cast<std::uint64_t>(pid)));
    JsonObject json;
    json.string("store", store.root())
        .string("uuid", state.uuid)
        .number("revision", state.revision)
        .number("rules", state.rules)
        .number("email_rules", state.email_rules)
        .number("ehlo_rules", state.ehlo_rules)
        .number("bytes", state.bytes)
        .number("readers", readers);
    if (state.last_edit) json.string("last_edit", utc_text(*state.last_edit));
    return json.objects("daemons", objects).text();
}

std::string size_text(std::uint64_t bytes) {
    if (bytes < 1024U * 1024U) return fmt::format("{} KiB", (bytes + 1023U) / 1024U);
    return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024.0 * 1024.0));
}

void print_lines(const StoreState& state, const Context& context, std::size_t readers,
                 const std::vector<pid_t>& daemons, Terminal& terminal) {
    const auto line = [&](std::string_view name, std::string_view value) {
        terminal.line(fmt::format("{:<10} {}", fmt::format("{}:", name), value));
    };
    line("store", printable(context.store.root()));
    line("uuid", state.uuid);
    line("revision", fmt::format("{}", state.revision));
    line("rules",
         fmt::format("{} ({} email, {} ehlo)", state.rules, state.email_rules, state.ehlo_rules));
    line("size", size_text(state.bytes));
    if (!state.last_edit)
        line("last edit", "-");
    else if (terminal.for_people())
        line("last edit", fmt::format("{} ({} ago)", local_text(*state.last_edit),
                                      duration_text(std::max(context.editor.now - *state.last_edit,
                                                             std::chrono::seconds{0}))));
    else
        line("last edit", utc_text(*state.last_edit));
    line("readers", fmt::format("{}", readers));
    line("daemons",
         daemons.empty() ? "none" : fmt::format("smtpblockd pid {}", fmt::join(daemons, ",")));
}

}  // namespace

Result<int> run(const StatusArguments&, const Context& context, Terminal& terminal) {
    auto reader = StoreReader::open(context.store);
    if (!reader) return std::move(reader).failure();
    const auto state = (*reader)->state();
    if (!state) return Failure(state.error());
    const std::size_t readers = (*reader)->readers().size();
    const auto daemons = daemons_of(**reader);
    if (terminal.json())
        terminal.line(json_of(*state, context.store, readers, daemons));
    else if (!terminal.quiet())
        print_lines(*state, context, readers, daemons, terminal);
    return finished(terminal, exit_done);
}

}  // namespace smtpblock
