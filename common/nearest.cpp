#include "common/nearest.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "common/text.h"

namespace smtpblock {
namespace {

/// Longer words are no slips, and the cost of comparing grows with their square.
constexpr std::size_t longest = 64;

/// Optimal string alignment: of the table only the last three rows are kept.
std::size_t changes(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        before_last.swap(last);
        last.swap(row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = to_lower(a[i - 1]) == to_lower(b[j - 1]);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0U : 1U)});
            if (i > 1 && j > 1 && to_lower(a[i - 1]) == to_lower(b[j - 2]) &&
                to_lower(a[i - 2]) == to_lower(b[j - 1]))
                row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
    }
    return row[b.size()];
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> known) {
    if (word.size() > longest) return std::nullopt;
    std::optional<std::string_view> best;
    const std::size_t slips = word.size() < 3 ? 1 : std::max<std::size_t>(2, word.size() / 5);
    std::size_t fewest = slips + 1;
    for (const std::string_view candidate : known) {
        const std::size_t needed = changes(word, candidate);
        if (needed < fewest && needed < candidate.size()) {
            fewest = needed;
            best = candidate;
        }
    }
    return best;
}

}  // namespace smtpblock
