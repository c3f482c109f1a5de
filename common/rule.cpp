#include "common/rule.h"

#include <array>
#include <utility>

namespace smtpblock {
namespace {

template <class T, std::size_t N>
using Words = std::array<std::pair<T, std::string_view>, N>;

constexpr Words<RuleType, 2> types{{{RuleType::email, "email"}, {RuleType::ehlo, "ehlo"}}};
constexpr Words<Direction, 3> directions{
    {{Direction::in, "in"}, {Direction::out, "out"}, {Direction::both, "both"}}};
constexpr Words<Action, 4> actions{{{Action::reject, "reject"},
                                    {Action::defer, "defer"},
                                    {Action::allow, "allow"},
                                    {Action::log, "log"}}};

template <class T, std::size_t N>
std::string_view word_in(const Words<T, N>& words, T value) {
    for (const auto& [candidate, text] : words)
        if (candidate == value) return text;
    return "?";
}

template <class T, std::size_t N>
std::optional<T> value_in(const Words<T, N>& words, std::string_view word) {
    for (const auto& [value, text] : words)
        if (text == word) return value;
    return std::nullopt;
}

}  // namespace

std::string_view word(RuleType type) {
    return word_in(types, type);
}
std::string_view word(Direction direction) {
    return word_in(directions, direction);
}
std::string_view word(Action action) {
    return word_in(actions, action);
}
std::optional<RuleType> rule_type_of(std::string_view word) {
    return value_in(types, word);
}
std::optional<Direction> direction_of(std::string_view word) {
    return value_in(directions, word);
}
std::optional<Action> action_of(std::string_view word) {
    return value_in(actions, word);
}

bool same_settings(const Rule& a, const Rule& b) {
    return a.direction == b.direction && a.action == b.action && a.expires == b.expires &&
           a.description == b.description;
}

}  // namespace smtpblock
