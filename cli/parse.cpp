#include "cli/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/grammar.h"
#include "cli/help_page.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr const char* version = "smtpblock " SMTPBLOCK_VERSION;

CommandForm form_of_app(const CLI::App& app, const std::string& name) {
    CommandForm form{name, {}, {}, {}, 0};
    for (const CLI::Option* option : app.get_options()) {
        const auto values = static_cast<std::size_t>(option->get_items_expected_max());
        if (option->get_positional()) {
            form.operand = option->get_name();
            form.operand_help = option->get_description();
            form.most_operands = values;
        }
        const auto add = [&](const std::string& spelling) {
            form.options.push_back({spelling, values == 0 ? "" : option->get_type_name(),
                                    option->get_description(), option->get_group()});
        };
        for (const std::string& spelling : option->get_lnames()) add("--" + spelling);
        for (const std::string& spelling : option->get_snames()) add("-" + spelling);
    }
    return form;
}

/// One command line on its way through CLI11, which is told of no command but the one that was
/// typed: telling it of all takes longer than what most of them do.
class Parser {
public:
    explicit Parser(Time now) : now_(now) {
        app_.require_subcommand(0, 1);
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
            return help();
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
        entry_ = &entry;
        command_ = app_.add_subcommand(entry.name, entry.help);
        if (*entry.alias != '\0') command_->alias(entry.alias);
        OptionBinder bind(*command_, now_, words_, failure_);
        entry.bind(bind, wanted_);
        bind_everywhere(*command_);
        return form_of_app(*command_, entry.name);
    }

    CommandForm form() const { return form_of_app(app_, ""); }

private:
    void bind_everywhere(CLI::App& app) {
        OptionBinder bind(app, now_, words_, failure_);
        bind_global_options(bind, wanted_.options);
        app.set_help_flag("-h,--help", "Print this help")->group(everywhere);
    }

    Parsed text(std::string text) const { return HelpText{wanted_.options, std::move(text)}; }

    /// Of the command that was opened, or of the program.
    Parsed help() const {
        if (entry_ == nullptr) return text(help_page(form()));
        return text(help_page(*entry_, form_of_app(*command_, entry_->name)));
    }

    Result<Parsed> help_about(const Wanted::Help& asked) const {
        Parser other(now_);
        other.wanted_.options = wanted_.options;
        if (!asked.about) return other.help();
        const CommandEntry* entry = find_command(*asked.about);
        if (entry == nullptr)
            return fail(ErrorCode::bad_input, "{}: no such command{}; see smtpblock help",
                        smtpblock::quoted(*asked.about), nearest_command(*asked.about));
        other.open(*entry);
        return other.help();
    }

    Time now_;
    CLI::App app_;
    const CommandEntry* entry_ = nullptr;
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
