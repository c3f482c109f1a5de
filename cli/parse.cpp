#include "cli/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>

#include "cli/guard.h"
#include "cli/help.h"
#include "cli/meanings.h"
#include "common/time_text.h"

namespace smtpblock {
namespace {

constexpr const char* version = "smtpblock " SMTPBLOCK_VERSION;
constexpr const char* directions = "in|out|both";
constexpr const char* types = "email|ehlo";
constexpr const char* actions = "reject|defer|allow|log";
constexpr const char* which_type = "Which rule, when both types have the pattern";

/// Binds the options of one command to its arguments, each with the function that turns the user's
/// word into what it means. What it is made of must outlive the parsing; the binder need not.
class OptionBinder {
public:
    /// `failure` takes the first word that makes no sense.
    OptionBinder(CLI::App& app, const Words& words, std::optional<Failure>& failure)
        : app_(app), words_(words), failure_(failure) {}

    CLI::Option* flag(const char* name, const char* help, bool& into) {
        return app_.add_flag(name, into, help);
    }

    CLI::Option* text(const char* name, const char* value_name, const char* help,
                      std::optional<std::string>& into) {
        return one(name, value_name, help, [&into](const std::string& word) { into = word; });
    }

    CLI::Option* texts(const char* name, const char* value_name, const char* help,
                       std::vector<std::string>& into) {
        const auto take = [&words = words_, &into](const std::vector<std::string>& tokens) {
            for (const std::string& token : tokens) into.push_back(words.of(token));
        };
        return app_.add_option_function<std::vector<std::string>>(name, take, help)
            ->type_name(value_name);
    }

    /// An option whose word `read` turns into its value.
    template <class T, class Read>
    CLI::Option* value(const char* name, const char* value_name, const char* help,
                       std::optional<T>& into, Read read) {
        const auto take = [&failure = failure_, &into, read](const std::string& word) {
            Result<T> meant = read(word);
            if (meant)
                into = *meant;
            else if (!failure)
                failure = std::move(meant).failure();
        };
        return one(name, value_name, help, take);
    }

private:
    CLI::Option* one(const char* name, const char* value_name, const char* help,
                     std::function<void(const std::string&)> take) {
        const auto take_token = [&words = words_, take](const std::string& token) {
            take(words.of(token));
        };
        return app_.add_option_function<std::string>(name, take_token, help)
            ->type_name(value_name)
            ->take_last();
    }

    CLI::App& app_;
    const Words& words_;
    std::optional<Failure>& failure_;
};

/// CLI11's help, shorter: of an option its value alone, of a command its first line.
class ShortHelp : public CLI::Formatter {
public:
    ShortHelp() {
        column_width(36);
        label("SUBCOMMAND", "COMMAND");
        label("Subcommands", "Commands");
    }

    std::string make_option_opts(const CLI::Option* option) const override {
        return option->get_type_name().empty() ? "" : " " + option->get_type_name();
    }
    std::string make_subcommand(const CLI::App* command) const override {
        std::stringstream line;
        const std::string description = command->get_description();
        CLI::detail::format_help(line, command->get_display_name(true),
                                 description.substr(0, description.find('\n')), get_column_width());
        return line.str();
    }
};

CommandForm form_of(const CLI::App& app, const std::string& name) {
    CommandForm form{name, app.get_aliases(), {}, 0};
    for (const CLI::Option* option : app.get_options()) {
        const auto values = static_cast<std::size_t>(option->get_items_expected_max());
        if (option->get_positional()) form.most_operands = values;
        for (const std::string& spelling : option->get_lnames())
            form.options.push_back({"--" + spelling, values == 0 ? "" : option->get_type_name()});
        for (const std::string& spelling : option->get_snames())
            form.options.push_back({"-" + spelling, values == 0 ? "" : option->get_type_name()});
    }
    return form;
}

/// Every command with its options, bound to the arguments that they fill.
class Grammar {
public:
    explicit Grammar(Time now) : now_(now) {
        app_.name("smtpblock");
        app_.description(help::program);
        app_.require_subcommand(0, 1);
        app_.formatter(std::make_shared<ShortHelp>());  // for the commands as well
        app_.set_version_flag("--version", version, "Print the version");
        init();
        add();
        edit();
        remove();
        list();
        show();
        check();
        command("status", help::status, status_);
        add_global_options(app_);
        for (CLI::App* command : app_.get_subcommands(nullptr)) add_global_options(*command);
    }

    Result<Parsed> parse(std::span<const std::string> words) {
        std::vector<CommandForm> forms;
        for (const CLI::App* command : app_.get_subcommands(nullptr))
            forms.push_back(form_of(*command, command->get_name()));
        auto tokens = guarded(form_of(app_, ""), forms, words, words_);
        if (!tokens) return std::move(tokens).failure();
        std::reverse(tokens->begin(), tokens->end());  // what CLI11 expects
        try {
            app_.parse(*tokens);
        } catch (const CLI::CallForHelp&) {
            return Parsed{HelpText{app_.help()}};
        } catch (const CLI::CallForVersion&) {
            return Parsed{HelpText{std::string(version) + "\n"}};
        } catch (const CLI::ParseError& error) {
            const auto commands = app_.get_subcommands();
            const auto name = commands.empty() ? "" : commands.front()->get_name() + " ";
            return fail(ErrorCode::bad_input, "{}; see smtpblock {}--help", error.what(), name);
        }
        if (failure_) return std::move(*failure_);
        if (app_.get_subcommands().empty())
            return fail(ErrorCode::bad_input,
                        "no command: nothing to do; write smtpblock list, or see smtpblock --help");
        return Parsed{Invocation{options_, std::move(command_)}};
    }

private:
    OptionBinder binder(CLI::App& app) { return {app, words_, failure_}; }

    /// A command whose arguments will be in `arguments` once it was parsed.
    template <class Arguments>
    CLI::App& command(const char* name, const char* description, Arguments& arguments) {
        CLI::App& app = *app_.add_subcommand(name, description)->group("Commands");
        app.callback([this, &arguments] { command_ = arguments; });
        return app;
    }

    void add_global_options(CLI::App& app) {
        const char* group = "Options of every command";
        auto bind = binder(app);
        app.set_help_flag("-h,--help", "Print this help")->group(group);
        bind.text("--store", "DIR", "The store (/var/lib/smtpblock)", options_.store)->group(group);
        bind.text("--config", "FILE", "The configuration (/etc/smtpblock/smtpblock.toml)",
                  options_.config)
            ->group(group);
        bind.flag("--json", "Print JSON, one object a line", options_.json)->group(group);
        bind.flag("--quiet", "Print IDs alone, and no notes", options_.quiet)->group(group);
        bind.value("--color", "auto|always|never", "Use colours (auto: on a terminal)",
                   options_.color, color_meant)
            ->group(group);
    }

    /// --for and --until; the first is returned.
    CLI::Option* end_options(OptionBinder& bind, std::optional<Time>& expires) {
        const auto end_after = [now = now_](const auto& word) {
            return end_of_duration(word, now);
        };
        const auto end_at = [now = now_](const auto& word) { return end_at_time(word, now); };
        auto* duration =
            bind.value("--for", "DURATION", "End after a duration: 90s, 15m, 2h30m, 3d, 1w",
                       expires, end_after);
        bind.value("--until", "TIME", "End at a time: 18:00, 2026-12-01, '2026-12-01 18:00'",
                   expires, end_at)
            ->excludes(duration);
        return duration;
    }

    void init() {
        auto bind = binder(command("init", help::init, init_));
        bind.text("--group", "GROUP", "The group that smtpblockd runs in", init_.group);
    }

    void add() {
        auto bind = binder(command("add", help::add, add_));
        bind.value("--type", types, "What the patterns are; not needed when there is an @ in them",
                   add_.type, type_meant);
        bind.value("--dir", directions, "The way of the mail that the rule applies to (both)",
                   add_.direction, direction_meant);
        bind.value("--action", actions, "What becomes of it (reject)", add_.action, action_meant);
        end_options(bind, add_.expires);
        bind.text("--description", "TEXT", "Why, for those who read the list", add_.description);
        auto* replace =
            bind.flag("--replace", "Change the rule that has the pattern, if any", add_.replace);
        bind.flag("--if-absent", "Leave the rule that has the pattern as it is", add_.if_absent)
            ->excludes(replace);
        bind.flag("--dry-run", "Print what would be added, and change nothing", add_.dry_run);
        bind.texts("PATTERN", "", "What to block; - reads standard input, one a line",
                   add_.patterns);
    }

    void edit() {
        auto bind = binder(command("edit", help::edit, edit_));
        bind.value("--type", types, which_type, edit_.type, type_meant);
        bind.text("--pattern", "PATTERN", "The new pattern", edit_.pattern);
        bind.value("--dir", directions, "The new direction", edit_.direction, direction_meant);
        bind.value("--action", actions, "The new action", edit_.action, action_meant);
        auto* duration = end_options(bind, edit_.expires);
        bind.flag("--forever", "No end any more", edit_.forever)
            ->excludes(duration)
            ->excludes("--until");
        bind.text("--description", "TEXT", "The new description", edit_.description);
        bind.text("ID|PATTERN", "", "The rule to change", edit_.rule);
    }

    void remove() {
        CLI::App& app = command("delete", help::remove, delete_);
        app.alias("rm");
        auto bind = binder(app);
        bind.value("--type", types, which_type, delete_.type, type_meant);
        bind.flag("--expired", "All rules that have run out", delete_.expired);
        bind.texts("ID|PATTERN", "", "The rules to delete", delete_.rules);
    }

    void list() {
        CLI::App& app = command("list", help::list, list_);
        app.alias("ls");
        auto bind = binder(app);
        bind.value("--type", types, "Rules of this type", list_.type, type_meant);
        bind.value("--dir", directions, "Rules of this very direction", list_.direction,
                   direction_meant);
        bind.value("--action", actions, "Rules of this action", list_.action, action_meant);
        bind.text("--match", "TEXT", "Rules with TEXT in the pattern or the description",
                  list_.match);
        bind.value("--sort", "KEY",
                   "By id, type, dir, action, expires, pattern, created or updated (id)",
                   list_.sort, sort_key_meant);
        auto* expired = bind.flag("--expired", "Rules that have run out", list_.expired);
        auto* all = bind.flag("--all", "Those that have run out as well", list_.all);
        bind.value("--expiring", "DURATION", "Rules that end within DURATION", list_.expiring,
                   parse_duration)
            ->excludes(expired)
            ->excludes(all);
        expired->excludes(all);
    }

    void show() {
        auto bind = binder(command("show", help::show, show_));
        bind.value("--type", types, which_type, show_.type, type_meant);
        bind.text("ID|PATTERN", "", "The rule to show", show_.rule);
    }

    void check() {
        auto bind = binder(command("check", help::check, check_));
        bind.value("--dir", directions, "The way of the mail (both, a line each)", check_.direction,
                   direction_meant);
        bind.texts("--ehlo", "NAME", "A name given in EHLO; once for each", check_.ehlo);
        bind.text("--from", "ADDRESS", "The envelope sender; <> for the null sender", check_.from);
        bind.text("--user", "NAME", "The account that logs in", check_.user);
    }

    Time now_;
    CLI::App app_;
    Words words_;
    std::optional<Failure> failure_;
    GlobalOptions options_;
    Command command_;
    InitArguments init_;
    AddArguments add_;
    EditArguments edit_;
    DeleteArguments delete_;
    ListArguments list_;
    ShowArguments show_;
    CheckArguments check_;
    StatusArguments status_;
};

}  // namespace

Result<Parsed> parse(std::span<const std::string> words, Time now) {
    return Grammar(now).parse(words);
}

}  // namespace smtpblock
