// A table of rules for tests: one line a rule, `type pattern action direction`, then `until=N`
// (seconds since 1970) and `id=N` where the place in the table shall not be the ID.
#pragma once

#include <cstdlib>
#include <initializer_list>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common/matcher.h"

namespace smtpblock {

class MemoryRules : public RuleSource {
public:
    MemoryRules() = default;
    MemoryRules(std::initializer_list<std::string_view> lines) {
        for (const std::string_view line : lines) add(line);
    }

    /// A rule of the same pattern is replaced under a new ID.
    void add(std::string_view line) {
        RuleFacts facts;
        facts.id = ++last_id_;
        for (;;) {
            const std::string_view word = last_word(line);
            if (word.starts_with("until="))
                facts.expires = Time(std::chrono::seconds(number(word.substr(6))));
            else if (word.starts_with("id="))
                facts.id = number(word.substr(3));
            else
                break;
            line = without_last_word(line);
        }
        const auto direction = direction_of(last_word(line));
        line = without_last_word(line);
        const auto action = action_of(last_word(line));
        line = without_last_word(line);
        if (!direction || !action) throw std::runtime_error("no rule: " + std::string(line));
        facts.direction = *direction;
        facts.action = *action;
        const Pattern pattern = parse(line);
        remove(pattern);
        rules_[std::string(pattern.key().view())] = facts;
        ++kinds_[pattern.kind()];
    }

    /// `type pattern`; what is not there is no error.
    void remove(std::string_view line) { remove(parse(line)); }

    /// From now on every look-up fails, as in a damaged store.
    void break_store() { broken_ = true; }

    Lookup find(std::string_view key, RuleFacts& facts) const override {
        if (broken_) return Lookup::trouble;
        const auto found = rules_.find(key);
        if (found == rules_.end()) return Lookup::absent;
        facts = found->second;
        return Lookup::found;
    }

    bool has(PatternKind kind) const override {
        const auto found = kinds_.find(kind);
        return broken_ || (found != kinds_.end() && found->second > 0);
    }

private:
    static std::string_view last_word(std::string_view line) {
        return line.substr(line.rfind(' ') + 1);
    }
    static std::string_view without_last_word(std::string_view line) {
        const auto space = line.rfind(' ');
        return space == std::string_view::npos ? std::string_view{} : line.substr(0, space);
    }
    static std::uint64_t number(std::string_view digits) {
        return std::strtoull(std::string(digits).c_str(), nullptr, 10);
    }
    static Pattern parse(std::string_view line) {
        const auto space = line.find(' ');
        const auto type = rule_type_of(line.substr(0, space));
        if (!type) throw std::runtime_error("no rule: " + std::string(line));
        auto pattern = Pattern::parse(
            *type, space == std::string_view::npos ? std::string_view{} : line.substr(space + 1));
        if (!pattern) throw std::runtime_error(pattern.error().message);
        return *pattern;
    }
    void remove(const Pattern& pattern) {
        if (rules_.erase(std::string(pattern.key().view())) != 0) --kinds_[pattern.kind()];
    }

    std::map<std::string, RuleFacts, std::less<>> rules_;
    std::map<PatternKind, int> kinds_;
    RuleId last_id_ = 0;
    bool broken_ = false;
};

}  // namespace smtpblock
