// A table of rules for tests: one line a rule, `type pattern action direction`, then `until=N`
// (seconds since 1970) and `id=N` where the place in the table shall not be the ID.
#pragma once

#include <algorithm>
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
        rules_.insert_or_assign(std::string(pattern.key().view()), Stored{pattern, facts});
        globs_changed(pattern.type());
    }

    /// `type pattern`; what is not there is no error.
    void remove(std::string_view line) { remove(parse(line)); }

    /// From now on every look-up fails, as in a damaged store.
    void break_store() { broken_ = true; }

    Lookup find(std::string_view key, RuleFacts& facts) const override {
        if (broken_) return Lookup::trouble;
        const auto found = rules_.find(key);
        if (found == rules_.end()) return Lookup::absent;
        facts = found->second.facts;
        return Lookup::found;
    }

    bool has(PatternKind kind) const override {
        return broken_ || any([&](const Pattern& pattern) { return pattern.kind() == kind; });
    }

    bool has(PatternKind kind, std::uint8_t detail) const override {
        return broken_ || any([&](const Pattern& pattern) {
                   return pattern.kind() == kind && key_detail(kind, pattern.subject()) == detail;
               });
    }

    const GlobIndex& globs(RuleType type) const override {
        return type == RuleType::email ? email_globs_ : ehlo_globs_;
    }

private:
    struct Stored {
        Pattern pattern;
        RuleFacts facts;
    };

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
        if (rules_.erase(std::string(pattern.key().view())) != 0) globs_changed(pattern.type());
    }
    template <class Is>
    bool any(Is is) const {
        return std::any_of(rules_.begin(), rules_.end(),
                           [&](const auto& rule) { return is(rule.second.pattern); });
    }
    void globs_changed(RuleType type) {
        GlobIndex& index = type == RuleType::email ? email_globs_ : ehlo_globs_;
        for (const auto& [key, rule] : rules_) {
            const PatternKind kind = rule.pattern.kind();
            const bool is_glob = kind == PatternKind::email_glob || kind == PatternKind::ehlo_glob;
            if (is_glob && rule.pattern.type() == type) index.see(rule.pattern.subject());
        }
        index.sweep();
    }

    std::map<std::string, Stored, std::less<>> rules_;
    GlobIndex email_globs_;
    GlobIndex ehlo_globs_;
    RuleId last_id_ = 0;
    bool broken_ = false;
};

}  // namespace smtpblock
