// Which rule an argument of `edit`, `delete` and `show` names: digits alone are an ID, anything
// else is a pattern. With a type everything is a pattern of that type; without one the pattern may
// stand under either, and when it stands under both the user must say which.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/rule.h"
#include "common/store_paths.h"

namespace smtpblock {

struct Selection {
    std::string written;
    std::optional<RuleId> id;
    std::vector<Pattern> patterns;  ///< what it may mean: one a type
};

/// Errors: bad_input when it can name no rule.
Result<Selection> select(const std::string& written, std::optional<RuleType> type);

Failure no_such_rule(const Selection& selection);
Failure ambiguous(const Selection& selection, const Rule& one, const Rule& other);

/// The rule that is meant, in a StoreReader or in an Edit. Errors: not_found, bad_input.
template <class Rules>
Result<Rule> find_selected(Rules& rules, const Selection& selection) {
    std::optional<Rule> found;
    if (selection.id) {
        auto rule = rules.find(*selection.id);
        if (!rule) return std::move(rule).failure();
        found = std::move(*rule);
    }
    for (const Pattern& pattern : selection.patterns) {
        auto rule = rules.find(pattern);
        if (!rule) return std::move(rule).failure();
        if (!*rule) continue;
        if (found) return ambiguous(selection, *found, **rule);
        found = std::move(*rule);
    }
    if (!found) return no_such_rule(selection);
    return std::move(*found);
}

/// `error` with the nearest pattern of the store named when it says that there is no such rule.
/// Opens the store, so that nothing else of this process may have it open.
Failure with_nearest_rule(Error error, const StorePaths& store,
                          const std::vector<std::string>& written);

}  // namespace smtpblock
