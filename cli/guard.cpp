#include "cli/guard.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "cli/grammar.h"
#include "cli/suggestion.h"
#include "common/text.h"

namespace smtpblock {
namespace {

/// What other programs call it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> other_names{{
    {"ban", "add"},
    {"block", "add"},
    {"create", "add"},
    {"del", "delete"},
    {"remove", "delete"},
    {"unban", "delete"},
    {"unblock", "delete"},
    {"modify", "edit"},
    {"test", "check"},
}};

const CommandForm::Option* find_option(const CommandForm& form, const std::string& name) {
    const auto found = std::find_if(form.options.begin(), form.options.end(),
                                    [&](const auto& option) { return option.name == name; });
    return found == form.options.end() ? nullptr : &*found;
}

/// `options only`, `one rule at a time`.
std::string what_it_takes(const CommandForm& form) {
    if (form.most_operands == 0) return "options only";
    return fmt::format("one {} at a time",
                       form.operand == "ID|PATTERN" ? "rule" : lower(form.operand));
}

class Guard {
public:
    Guard(const CommandForm& before_any, const FormOf& form_of, Words& kept)
        : form_of_(form_of), at_(before_any), kept_(kept) {}

    Result<std::vector<std::string>> read(std::span<const std::string> words) {
        bool options_end = false;
        for (std::size_t i = 0; i < words.size(); ++i) {
            const std::string& word = words[i];
            if (!options_end && word == "--") {
                options_end = true;
            } else if (!options_end && word.size() > 1 && word.front() == '-') {
                auto took_next = option(word, i + 1 < words.size() ? &words[i + 1] : nullptr);
                if (!took_next) return std::move(took_next).failure();
                if (*took_next) ++i;
            } else {
                auto taken = at_.name.empty() ? command(word) : operand(word);
                if (!taken) return std::move(taken).failure();
            }
        }
        options_.insert(options_.end(), operands_.begin(), operands_.end());
        return options_;
    }

private:
    std::string see_help() const {
        return at_.name.empty() ? "see smtpblock --help"
                                : fmt::format("see smtpblock {} --help", at_.name);
    }

    /// True when the option took the next word as its value.
    Result<bool> option(const std::string& word, const std::string* next) {
        const auto equals = word.starts_with("--") ? word.find('=') : std::string::npos;
        const bool has_value = equals != std::string::npos;
        const std::string name = word.substr(0, equals);
        const CommandForm::Option* found = find_option(at_, name);
        if (found == nullptr) return unknown_option(name);
        options_.push_back(name);
        if (found->value_name.empty()) {
            if (!has_value) return false;
            return fail(ErrorCode::bad_input, "{}: takes no value; write {}", quoted(word), name);
        }
        if (!has_value && next == nullptr)
            return fail(ErrorCode::bad_input, "{}: needs a value; write {} {}", name, name,
                        found->value_name);
        options_.push_back(kept_.token_for(has_value ? word.substr(equals + 1) : *next));
        return !has_value;
    }

    Failure unknown_option(const std::string& name) const {
        if (at_.name.empty()) {
            for (const CommandEntry& entry : command_entries())
                if (find_option(form_of_(entry.name), name) != nullptr)
                    return fail(ErrorCode::bad_input,
                                "{}: stands before the command; write it behind, as in smtpblock "
                                "{} {}",
                                quoted(name), entry.name, name);
        }
        std::vector<std::string> names;
        for (const auto& known : at_.options) names.push_back(known.name);
        const std::string question = did_you_mean(name, names);
        if (!question.empty() || name.starts_with("--"))
            return fail(ErrorCode::bad_input, "{}: no such option{}; {}", quoted(name), question,
                        see_help());
        return fail(ErrorCode::bad_input,
                    "{}: no such option; write -- before what only looks like one", quoted(name));
    }

    Result<void> command(const std::string& word) {
        const CommandEntry* entry = find_command(word);
        if (entry == nullptr) return unknown_command(word);
        at_ = form_of_(entry->name);
        options_.push_back(entry->name);
        return {};
    }

    Failure unknown_command(const std::string& word) const {
        if (evident_type(word))
            return fail(ErrorCode::bad_input, "{}: no command; write smtpblock add {}",
                        quoted(word), quoted(word));
        return fail(ErrorCode::bad_input, "{}: no such command{}; {}", quoted(word),
                    nearest_command(word), see_help());
    }

    Result<void> operand(const std::string& word) {
        if (operands_.size() == at_.most_operands)
            return fail(ErrorCode::bad_input, "{}: {} takes {}; {}", quoted(word), at_.name,
                        what_it_takes(at_), see_help());
        operands_.push_back(kept_.token_for(word));
        return {};
    }

    const FormOf& form_of_;
    CommandForm at_;
    Words& kept_;
    std::vector<std::string> options_;
    std::vector<std::string> operands_;
};

}  // namespace

std::string nearest_command(std::string_view word) {
    for (const auto& [name, ours] : other_names)
        if (equal_ignoring_case(word, name)) return fmt::format("; did you mean {}?", quoted(ours));
    std::vector<std::string> names;
    for (const CommandEntry& entry : command_entries()) names.push_back(entry.name);
    return did_you_mean(word, names);
}

std::string Words::token_for(std::string word) {
    words_.push_back(std::move(word));
    return "w" + std::to_string(words_.size() - 1);
}

const std::string& Words::of(const std::string& token) const {
    return words_.at(std::stoul(token.substr(1)));
}

Result<std::vector<std::string>> guarded(const CommandForm& before_any, const FormOf& form_of,
                                         std::span<const std::string> words, Words& kept) {
    return Guard(before_any, form_of, kept).read(words);
}

}  // namespace smtpblock
