#include "cli/grammar.h"

#include <algorithm>
#include <array>

#include "cli/help.h"
#include "cli/meanings.h"
#include "common/time_text.h"

namespace smtpblock {
namespace {

constexpr const char* directions = "in|out|both";
constexpr const char* types = "email|ehlo";
constexpr const char* actions = "reject|defer|allow|log";
constexpr const char* which_type = "Which rule, when both types have the pattern";

void bind_end(OptionBinder& bind, std::optional<Time>& expires) {
    const auto end_after = [now = bind.now()](const auto& word) {
        return end_of_duration(word, now);
    };
    const auto end_at = [now = bind.now()](const auto& word) { return end_at_time(word, now); };
    bind.value("--for", "DURATION", "End after a duration: 90s, 15m, 2h30m, 3d, 1w", expires,
               end_after);
    bind.value("--until", "TIME", "End at a time: 18:00, 2026-12-01, '2026-12-01 18:00'", expires,
               end_at);
}

void bind_settings(OptionBinder& bind, RuleSettings& settings) {
    bind.value("--type", types, "What the patterns are; not needed when there is an @ in them",
               settings.type, type_meant);
    bind.value("--dir", directions, "The way of the mail that the rule applies to (both)",
               settings.direction, direction_meant);
    bind.value("--action", actions, "What becomes of it (reject)", settings.action, action_meant);
    bind_end(bind, settings.expires);
    bind.only_one_of({"--for", "--until"});
    bind.value("--description", "TEXT", "Why, for those who read the list", settings.description,
               description_meant);
}

void bind_init(OptionBinder& bind, Wanted& wanted) {
    auto& init = wanted.command.emplace<InitArguments>();
    bind.text("--group", "GROUP", "The group that smtpblockd runs in", init.group);
    bind.text("--admin-group", "GROUP", "A group whose members may edit the rules without root",
              init.admin_group);
}

void bind_add(OptionBinder& bind, Wanted& wanted) {
    auto& add = wanted.command.emplace<AddArguments>();
    bind_settings(bind, add);
    bind.flag("--replace", "Change the rule that has the pattern, if any", add.replace);
    bind.flag("--if-absent", "Leave the rule that has the pattern as it is", add.if_absent);
    bind.only_one_of({"--replace", "--if-absent"});
    bind.flag("--dry-run", "Print what would be added, and change nothing", add.dry_run);
    bind.flag("--yes", "Take a pattern that matches everything, such as *", add.yes);
    bind.texts("PATTERN", "", "What to block; - reads standard input, one a line", add.patterns);
}

void bind_edit(OptionBinder& bind, Wanted& wanted) {
    auto& edit = wanted.command.emplace<EditArguments>();
    bind.value("--type", types, which_type, edit.type, type_meant);
    bind.text("--pattern", "PATTERN", "The new pattern", edit.pattern);
    bind.value("--dir", directions, "The new direction", edit.direction, direction_meant);
    bind.value("--action", actions, "The new action", edit.action, action_meant);
    bind_end(bind, edit.expires);
    bind.flag("--forever", "No end any more", edit.forever);
    bind.only_one_of({"--for", "--until", "--forever"});
    bind.value("--description", "TEXT", "The new description", edit.description, description_meant);
    bind.flag("--yes", "Take a new pattern that matches everything, such as *", edit.yes);
    bind.text("ID|PATTERN", "", "The rule to change", edit.rule);
}

void bind_delete(OptionBinder& bind, Wanted& wanted) {
    auto& remove = wanted.command.emplace<DeleteArguments>();
    bind.value("--type", types, which_type, remove.type, type_meant);
    bind.flag("--expired", "All rules that have run out", remove.expired);
    bind.texts("ID|PATTERN", "", "The rules to delete", remove.rules);
}

void bind_list(OptionBinder& bind, Wanted& wanted) {
    auto& list = wanted.command.emplace<ListArguments>();
    bind.value("--type", types, "Rules of this type", list.type, type_meant);
    bind.value("--dir", directions, "Rules of this very direction", list.direction,
               direction_meant);
    bind.value("--action", actions, "Rules of this action", list.action, action_meant);
    bind.text("--match", "TEXT", "Rules with TEXT in the pattern or the description", list.match);
    bind.value("--sort", "KEY",
               "By id, type, dir, action, expires, pattern, created or updated (id)", list.sort,
               sort_key_meant);
    bind.flag("--expired", "Rules that have run out", list.expired);
    bind.flag("--all", "Those that have run out as well", list.all);
    bind.value("--expiring", "DURATION", "Rules that end within DURATION", list.expiring,
               parse_duration);
    bind.only_one_of({"--expired", "--all", "--expiring"});
}

void bind_show(OptionBinder& bind, Wanted& wanted) {
    auto& show = wanted.command.emplace<ShowArguments>();
    bind.value("--type", types, which_type, show.type, type_meant);
    bind.text("ID|PATTERN", "", "The rule to show", show.rule);
}

void bind_check(OptionBinder& bind, Wanted& wanted) {
    auto& check = wanted.command.emplace<CheckArguments>();
    bind.value("--dir", directions, "The way of the mail (both, a line each)", check.direction,
               direction_meant);
    bind.texts("--ehlo", "NAME", "A name given in EHLO; once for each", check.ehlo);
    bind.text("--from", "ADDRESS", "The envelope sender; <> for the null sender", check.from);
    bind.text("--user", "NAME", "The account that logs in", check.user);
}

void bind_import(OptionBinder& bind, Wanted& wanted) {
    auto& import = wanted.command.emplace<ImportArguments>();
    bind.value("--format", "json|csv|text|postfix", "The file's format (as its name ends)",
               import.format, format_meant);
    bind.flag("--dry-run", "Say what would be imported, and change nothing", import.dry_run);
    bind.flag("--skip-bad", "Leave bad lines out instead of importing nothing", import.skip_bad);
    bind.flag("--replace", "Change the rules that have the patterns already", import.replace);
    bind.flag("--if-absent", "Leave the rules that have the patterns as they are",
              import.if_absent);
    bind.only_one_of({"--replace", "--if-absent"});
    bind.flag("--yes", "Take patterns that match everything, such as *", import.yes);
    bind.under("Where the file does not say");
    bind_settings(bind, import);
    bind.text("FILE", "", "The file; - is standard input", import.file);
}

void bind_export(OptionBinder& bind, Wanted& wanted) {
    auto& exported = wanted.command.emplace<ExportArguments>();
    bind.value("--format", "json|csv|text", "The format (json)", exported.format, format_meant);
    bind.value("--type", types, "Rules of this type", exported.type, type_meant);
}

void bind_apply(OptionBinder& bind, Wanted& wanted) {
    auto& apply = wanted.command.emplace<ApplyArguments>();
    bind.flag("--prune", "Remove the rules that are not in the file", apply.prune);
    bind.flag("--dry-run", "Print the difference, and change nothing; exit status 11: there is one",
              apply.dry_run);
    bind.flag("--yes", "Take patterns that match everything, and a file without rules", apply.yes);
    bind.text("FILE", "", "The file, *.json or *.csv", apply.file);
}

void bind_probe(OptionBinder& bind, Wanted& wanted) {
    auto& probe = wanted.command.emplace<ProbeArguments>();
    bind.flag("--policy", "Ask a policy server as Postfix does, instead of speaking SMTP",
              probe.policy);
    bind.text("--ehlo", "NAME", "The name to greet with (this machine's); '' greets not at all",
              probe.ehlo);
    bind.text("--from", "ADDRESS", "The envelope sender (--user, or <>)", probe.from);
    bind.text("--user", "NAME", "The account to log in to", probe.user);
    bind.text("--to", "ADDRESS", "The recipient (postmaster)", probe.to);
    bind.text("SERVER", "", "HOST, HOST:PORT, [IPv6]:PORT or unix:PATH (port 25)", probe.server);
}

void bind_history(OptionBinder& bind, Wanted& wanted) {
    auto& history = wanted.command.emplace<HistoryArguments>();
    bind.value("--limit", "N", "The last N edits alone", history.limit, count_meant);
    bind.value("--type", types, which_type, history.type, type_meant);
    bind.text("ID|PATTERN", "", "The rule whose edits are wanted (all)", history.rule);
}

void bind_undo(OptionBinder& bind, Wanted& wanted) {
    auto& undo = wanted.command.emplace<UndoArguments>();
    bind.text("N", "", "How many edits to revert (1)", undo.edits);
}

void bind_pause(OptionBinder& bind, Wanted& wanted) {
    auto& pause = wanted.command.emplace<PauseArguments>();
    bind.value("--for", "DURATION", "How long (10m)", pause.until,
               [now = bind.now()](const auto& word) { return end_of_duration(word, now); });
}

void bind_resume(OptionBinder&, Wanted& wanted) {
    wanted.command.emplace<ResumeArguments>();
}

void bind_status(OptionBinder& bind, Wanted& wanted) {
    auto& status = wanted.command.emplace<StatusArguments>();
    bind.flag("--verify", "Look at everything in the store and check each checksum", status.verify);
}

void bind_backup(OptionBinder& bind, Wanted& wanted) {
    auto& backup = wanted.command.emplace<BackupArguments>();
    bind.text("FILE", "", "Where to write it", backup.file);
}

void bind_restore(OptionBinder& bind, Wanted& wanted) {
    auto& restore = wanted.command.emplace<RestoreArguments>();
    bind.text("FILE", "", "What 'smtpblock backup' wrote", restore.file);
}

void bind_help(OptionBinder& bind, Wanted& wanted) {
    auto& about = wanted.help.emplace().about;
    bind.text("COMMAND", "", "The command to explain", about);
}

using Group = CommandGroup;

constexpr std::array entries{
    CommandEntry{"add", "", help::add, bind_add, Group::rules, Operand::optional},
    CommandEntry{"edit", "", help::edit, bind_edit, Group::rules},
    CommandEntry{"delete", "rm", help::remove, bind_delete, Group::rules, Operand::optional},
    CommandEntry{"list", "ls", help::list, bind_list, Group::rules},
    CommandEntry{"show", "", help::show, bind_show, Group::rules},
    CommandEntry{"check", "", help::check, bind_check, Group::rules},
    CommandEntry{"import", "", help::import_, bind_import, Group::files},
    CommandEntry{"export", "", help::export_, bind_export, Group::files},
    CommandEntry{"apply", "", help::apply, bind_apply, Group::files},
    CommandEntry{"history", "", help::history, bind_history, Group::past, Operand::optional},
    CommandEntry{"undo", "", help::undo, bind_undo, Group::past, Operand::optional},
    CommandEntry{"status", "", help::status, bind_status, Group::trouble},
    CommandEntry{"probe", "", help::probe, bind_probe, Group::trouble},
    CommandEntry{"pause", "", help::pause, bind_pause, Group::trouble},
    CommandEntry{"resume", "", help::resume, bind_resume, Group::trouble},
    CommandEntry{"init", "", help::init, bind_init, Group::store},
    CommandEntry{"backup", "", help::backup, bind_backup, Group::store},
    CommandEntry{"restore", "", help::restore, bind_restore, Group::store},
    CommandEntry{"help", "", help::help, bind_help, Group::store, Operand::optional},
};

}  // namespace

std::span<const CommandEntry> command_entries() {
    return entries;
}

const CommandEntry* find_command(std::string_view word) {
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) {
        return word == entry.name || (!word.empty() && word == entry.alias);
    });
    return found == entries.end() ? nullptr : &*found;
}

void bind_global_options(OptionBinder& bind, GlobalOptions& options) {
    bind.under(everywhere);
    bind.text("--store", "DIR", "The store (/var/lib/smtpblock)", options.store);
    bind.text("--config", "FILE", "The configuration (/etc/smtpblock/smtpblock.toml)",
              options.config);
    bind.flag("--json", "Print JSON, one object a line", options.json);
    bind.flag("--quiet", "Print IDs alone, and no notes", options.quiet);
    bind.value("--color", "auto|always|never", "Use colours (auto: on a terminal)", options.color,
               color_meant);
}

}  // namespace smtpblock
