// `smtpblock status`: the state of the store, and who reads it.
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/daemons.h"
#include "cli/json.h"
#include "common/daemon_record.h"
#include "common/store_reader.h"
#include "common/text.h"
#include "common/time_text.h"

namespace smtpblock {
namespace {

/// What is known of each, by its process ID.
using Daemons = std::vector<std::pair<pid_t, std::optional<DaemonRecord>>>;

JsonObject json_of(pid_t pid, const std::optional<DaemonRecord>& daemon) {
    JsonObject json;
    json.number("pid", static_cast<std::uint64_t>(pid));
    if (!daemon) return json;
    std::vector<JsonObject> listeners;
    for (const DaemonRecord::Listener& listener : daemon->listeners)
        listeners.push_back(JsonObject()
                                .string("name", listener.name)
                                .string("protocol", word(listener.protocol))
                                .strings("listen", listener.addresses));
    return json.string("since", utc_text(daemon->since))
        .number("sessions", daemon->sessions)
        .objects("listeners", listeners);
}

std::string json_of(const StoreState& state, const StorePaths& store, std::size_t readers,
                    const Daemons& daemons, Time now) {
    std::vector<JsonObject> objects;
    for (const auto& [pid, daemon] : daemons) objects.push_back(json_of(pid, daemon));
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
    if (state.paused_until && *state.paused_until > now)
        json.string("paused", utc_text(*state.paused_until));
    return json.objects("daemons", objects).text();
}

std::string size_text(std::uint64_t bytes) {
    if (bytes < 1024U * 1024U) return fmt::format("{} KiB", (bytes + 1023U) / 1024U);
    return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024.0 * 1024.0));
}

/// For people with what it means.
std::string past_text(Time time, Time now, const Terminal& terminal) {
    if (!terminal.for_people()) return utc_text(time);
    return fmt::format("{} ({} ago)", local_text(time),
                       duration_text(std::max(now - time, std::chrono::seconds{0})));
}

void print_lines(const StoreState& state, const Context& context, std::size_t readers,
                 const Daemons& daemons, Terminal& terminal) {
    const auto line = [&](std::string_view name, std::string_view value) {
        terminal.line(fmt::format("{:<10} {}", fmt::format("{}:", name), value));
    };
    line("store", printable(context.store.root()));
    line("uuid", state.uuid);
    line("revision", fmt::format("{}", state.revision));
    line("rules",
         fmt::format("{} ({} email, {} ehlo)", state.rules, state.email_rules, state.ehlo_rules));
    line("size", size_text(state.bytes));
    line("last edit",
         state.last_edit ? past_text(*state.last_edit, context.editor.now, terminal) : "-");
    if (state.paused_until && *state.paused_until > context.editor.now)
        line("paused",
             fmt::format("until {}", terminal.for_people() ? local_text(*state.paused_until)
                                                           : utc_text(*state.paused_until)));
    line("readers", fmt::format("{}", readers));
    std::vector<pid_t> pids;
    for (const auto& [pid, daemon] : daemons) pids.push_back(pid);
    line("daemons", pids.empty() ? "none" : fmt::format("smtpblockd pid {}", fmt::join(pids, ",")));
    for (const auto& [pid, daemon] : daemons) {
        if (!daemon) continue;
        line(fmt::format("pid {}", pid),
             fmt::format("since {}, {} session{}",
                         past_text(daemon->since, context.editor.now, terminal), daemon->sessions,
                         daemon->sessions == 1 ? "" : "s"));
        for (const DaemonRecord::Listener& listener : daemon->listeners)
            line("listener",
                 fmt::format("{} {} {}", printable(listener.name), word(listener.protocol),
                             printable(fmt::format("{}", fmt::join(listener.addresses, " ")))));
    }
}

Result<int> verify(StoreReader& reader, const Context& context, Terminal& terminal) {
    auto progress = terminal.progress();
    progress.step("verifying", 0, Progress::Clock::now());
    const auto report =
        reader.verify([&](std::uint64_t done) { progress.at(done, Progress::Clock::now()); });
    progress.erase();
    if (!report) return Failure(report.error());
    if (terminal.json()) {
        terminal.line(JsonObject()
                          .string("store", context.store.root())
                          .number("rules", report->rules)
                          .number("edits", report->edits)
                          .number("changes", report->changes)
                          .boolean("sums_compared", !report->disturbed)
                          .number("fault_count", report->all_faults)
                          .strings("faults", report->faults)
                          .text());
    } else if (!terminal.quiet()) {
        terminal.line(fmt::format(
            "{}: {} rules, {} edits, {} changes looked at, {}", printable(context.store.root()),
            report->rules, report->edits, report->changes,
            report->all_faults == 0 ? "all sound" : fmt::format("{} faults", report->all_faults)));
    }
    if (report->disturbed)
        terminal.note("the store was edited all the while: sums could not be compared; try again");
    if (report->all_faults == 0) return finished(terminal, exit_done);
    if (auto printed = terminal.finish(); !printed) return std::move(printed).failure();
    return fail(ErrorCode::failed, "{}: damaged: {}{}; bring it back with 'smtpblock restore'",
                quoted(context.store.root()), report->faults.front(),
                report->all_faults > 1 ? fmt::format(", and {} more", report->all_faults - 1) : "");
}

}  // namespace

Result<int> run(const StatusArguments& arguments, const Context& context, Terminal& terminal) {
    auto reader = StoreReader::open(context.store);
    if (!reader) return std::move(reader).failure();
    if (arguments.verify) return verify(**reader, context, terminal);
    const auto state = (*reader)->state();
    if (!state) return Failure(state.error());
    const std::size_t readers = (*reader)->readers().size();
    Daemons daemons;
    for (const pid_t pid : daemons_of(**reader))
        daemons.emplace_back(pid, record_of(context.store, pid));
    if (terminal.json())
        terminal.line(json_of(*state, context.store, readers, daemons, context.editor.now));
    else if (!terminal.quiet())
        print_lines(*state, context, readers, daemons, terminal);
    return finished(terminal, exit_done);
}

}  // namespace smtpblock
