#include "cli/completion.h"

#include <algorithm>

#include "cli/grammar.h"
#include "cli/help_page.h"
#include "cli/meanings.h"
#include "cli/parse.h"
#include "common/text.h"

namespace smtpblock {
namespace {

using Candidate = Completion::Candidate;
using Kind = Completion::Kind;

std::vector<Candidate> split(std::string_view choices) {
    std::vector<Candidate> words;
    while (!choices.empty()) {
        const auto word = choices.substr(0, choices.find('|'));
        words.push_back({std::string(word), ""});
        choices.remove_prefix(std::min(word.size() + 1, choices.size()));
    }
    return words;
}

class Completer {
public:
    explicit Completer(const RulesBeginning& rules) : rules_(rules), form_(form_of("")) {}

    Completion complete(std::span<const std::string> words) {
        if (words.empty()) return {};
        for (const std::string& word : words.first(words.size() - 1)) pass(word);
        half_ = words.back();
        const auto equals = half_.find('=');
        if (!waiting_.empty()) {
            offer_value(waiting_);
        } else if (!options_end_ && half_.starts_with("--") && equals != std::string::npos) {
            found_.before = half_.substr(0, equals + 1);
            const std::string name = half_.substr(0, equals);
            half_.erase(0, equals + 1);
            if (takes_value(name)) offer_value(name);
        } else if (!options_end_ && half_.starts_with('-')) {
            for (const auto& option : form_.options)
                if (option.name.size() > 2 || half_ == option.name)
                    offer({option.name, std::string(first_sentence(option.help))});
        } else if (form_.name.empty()) {
            offer_commands();
        } else if (operands_ < form_.most_operands) {
            offer_operand();
        }
        found_.typed = half_;
        return std::move(found_);
    }

private:
    const CommandForm::Option* option(const std::string& name) const {
        const auto at = std::find_if(form_.options.begin(), form_.options.end(),
                                     [&](const auto& one) { return one.name == name; });
        return at == form_.options.end() ? nullptr : &*at;
    }
    bool takes_value(const std::string& name) const {
        return option(name) != nullptr && !option(name)->value_name.empty();
    }

    /// A word before the half one.
    void pass(const std::string& word) {
        const auto equals = word.find('=');
        if (!waiting_.empty()) {
            take_value(waiting_, word);
            waiting_.clear();
        } else if (!options_end_ && word == "--") {
            options_end_ = true;
        } else if (!options_end_ && word.starts_with("--") && equals != std::string::npos) {
            take_value(word.substr(0, equals), word.substr(equals + 1));
        } else if (!options_end_ && word.size() > 1 && word.starts_with('-')) {
            if (takes_value(word)) waiting_ = word;
        } else if (!form_.name.empty()) {
            ++operands_;
        } else if (const CommandEntry* entry = find_command(word)) {
            form_ = form_of(entry->name);
        } else {
            form_ = {word, {}, {}, {}, 0};  // none that we know: nothing to offer
        }
    }

    void take_value(const std::string& name, const std::string& value) {
        if (name == "--store") options_.store = value;
        if (name == "--config") options_.config = value;
        if (name == "--type") type_ = rule_type_of(value);
    }

    void offer(Candidate candidate) {
        if (candidate.text.starts_with(half_)) found_.candidates.push_back(std::move(candidate));
    }
    void offer(std::vector<Candidate> candidates) {
        for (Candidate& candidate : candidates) offer(std::move(candidate));
    }

    void offer_value(const std::string& name) {
        const std::string& value = option(name)->value_name;
        if (value.find('|') != std::string::npos)
            offer(split(value));
        else if (value == "DURATION")
            offer({{"15m", "a quarter of an hour"},
                   {"2h", "two hours"},
                   {"1d", "a day"},
                   {"1w", "a week"}});
        else if (value == "KEY")
            for (const std::string& key : sort_keys()) offer({key, ""});
        else if (value == "DIR")
            found_.kind = Kind::directories;
        else if (value == "FILE")
            found_.kind = Kind::files;
        else if (value == "GROUP")
            found_.kind = Kind::groups;
    }

    void offer_commands() {
        for (const CommandEntry& entry : command_entries()) {
            offer({entry.name, std::string(first_sentence(entry.help))});
            if (*entry.alias != '\0') offer({entry.alias, std::string(first_sentence(entry.help))});
        }
    }

    void offer_operand() {
        if (form_.operand == "FILE")
            found_.kind = Kind::files;
        else if (form_.operand == "COMMAND")
            offer_commands();
        else if (form_.operand == "ID|PATTERN")
            found_.candidates = rules_(options_, type_, half_);
    }

    const RulesBeginning& rules_;
    CommandForm form_;
    GlobalOptions options_;
    std::optional<RuleType> type_;
    std::string waiting_;  ///< the option that the next word is the value of
    bool options_end_ = false;
    std::size_t operands_ = 0;
    std::string half_;
    Completion found_;
};

}  // namespace

Completion completion_of(std::span<const std::string> words, const RulesBeginning& rules) {
    return Completer(rules).complete(words);
}

}  // namespace smtpblock
