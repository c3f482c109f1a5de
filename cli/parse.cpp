#include "cli/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/grammar.h"
#include "cli/help.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr const char* version = "smtpblock " SMTPBLOCK_VERSION;

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

CommandForm form_of_app(const CLI::App& app, const std::string& name) {
    CommandForm form{name, {}, {}, 0};
    for (const CLI::Option* option : app.get_options()) {
        const auto values = static_cast<std::size_t>(option->get_items_expected_max());
        if (option->get_positional()) {
            form.operand = option->get_name();
            form.most_operands = values;
        }
        const std::string value_name = values == 0 ? "" : option->get_type_name();
        for (const std::string& spelling : option->get_lnames())
            form.options.push_back({"--" + spelling, value_name, option->get_description()});
        for (const std::string& spelling : option->get_snames())
            form.options.push_back({"-" + spelling, value_name, option->get_description()});
    }
    return form;
}

/// One command line on its way through CLI11, which is told of no command but the one that was
/// typed: telling it of all takes longer than what most of them do.
class Parser {
public:
    explicit Parser(Time now) : now_(now) {
        app_.name("smtpblock");
        app_.description(help::program);
        app_.require_subcommand(0, 1);
        app_.formatter(std::make_shared<ShortHelp>());  // for the commands as well
        app_.set_version_flag("--version", version, "Print the version");
        bind_everywhere(app_);
    }

    Result<Parsed> parse(std::span<const std::string> words) {
        const CommandForm before_any = form_of_app(app_, "");
        const auto form = [this](const std::string& name) {
            return command_ == nullptr ? open(*find_command(name)) : form_of(name);
        };
        auto tokens = guarded(before_any, form, words, words_);
        if (!tokens) return std::move(tokens).failure();
        std::reverse(tokens->begin(), tokens->end());  // what CLI11 expects
        try {
            app_.parse(*tokens);
        } catch (const CLI::CallForHelp&) {
            return help(command_);
        } catch (const CLI::CallForVersion&) {
            return text(std::string(version) + "\n");
        } catch (const CLI::ParseError& error) {
            const auto name = command_ == nullptr ? "" : command_->get_name() + " ";
            return fail(ErrorCode::bad_input, "{}; see smtpblock {}--help", error.what(), name);
        }
        if (failure_) return std::move(*failure_);
        if (wanted_.help) return help_about(*wanted_.help);
        if (command_ == nullptr)
            return fail(ErrorCode::bad_input,
                        "no command: nothing to do; write smtpblock list, or see smtpblock --help");
        return Parsed{Invocation{wanted_.options, std::move(wanted_.command)}};
    }

    /// Tells CLI11 of a command. Once.
    CommandForm open(const CommandEntry& entry) {
        command_ = add(entry);
        OptionBinder bind(*command_, now_, words_, failure_);
        entry.bind(bind, wanted_);
        bind_everywhere(*command_);
        return form_of_app(*command_, entry.name);
    }

    CommandForm form() const { return form_of_app(app_, ""); }

private:
    CLI::App* add(const CommandEntry& entry) {
        CLI::App* app = app_.add_subcommand(entry.name, entry.help)->group("Commands");
        if (*entry.alias != '\0') app->alias(entry.alias);
        return app;
    }

    void bind_everywhere(CLI::App& app) {
        OptionBinder bind(app, now_, words_, failure_);
        bind_global_options(bind, wanted_.options);
        app.set_help_flag("-h,--help", "Print this help")->group("Options of every command");
    }

    Parsed text(std::string text) const { return HelpText{wanted_.options, std::move(text)}; }

    /// Of the command that was opened, or of the program.
    Parsed help(const CLI::App* command) {
        if (command != nullptr) return text(command->help("smtpblock"));
        for (const CommandEntry& entry : command_entries()) add(entry);
        return text(app_.help());
    }

    Result<Parsed> help_about(const Wanted::Help& asked) const {
        Parser other(now_);
        other.wanted_.options = wanted_.options;
        if (!asked.about) return other.help(nullptr);
        const CommandEntry* entry = find_command(*asked.about);
        if (entry == nullptr)
            return fail(ErrorCode::bad_input, "{}: no such command{}; see smtpblock help",
                        smtpblock::quoted(*asked.about), nearest_command(*asked.about));
        other.open(*entry);
        return other.help(other.command_);
    }

    Time now_;
    CLI::App app_;
    CLI::App* command_ = nullptr;
    Words words_;
    std::optional<Failure> failure_;
    Wanted wanted_;
};

}  // namespace

Result<Parsed> parse(std::span<const std::string> words, Time now) {
    return Parser(now).parse(words);
}

CommandForm form_of(std::string_view command) {
    Parser parser(Time{});
    return command.empty() ? parser.form() : parser.open(*find_command(command));
}

}  // namespace smtpblock
