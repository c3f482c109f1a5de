// What may stand where somebody has typed half a word: commands, options and their values as the
// grammar has them, so that no shell's script can know others, and the rules that there are.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.h"

namespace smtpblock {

struct Completion {
    enum class Kind : std::uint8_t {
        words,  ///< the candidates
        files,  ///< what only the shell can list well
        directories,
        groups,
    };
    struct Candidate {
        std::string text;
        std::string description;
    };

    Kind kind = Kind::words;
    std::string before{};                 ///< of the half word, what is complete: `--store=`
    std::string typed{};                  ///< the rest of it, which each candidate begins with
    std::vector<Candidate> candidates{};  ///< without `before`
};

/// Rules that begin with `typed`, in the store that the options name.
using RulesBeginning = std::function<std::vector<Completion::Candidate>(
    const GlobalOptions& options, std::optional<RuleType> type, std::string_view typed)>;

/// `words` are those behind the program's name, the last one being the half word.
Completion completion_of(std::span<const std::string> words, const RulesBeginning& rules);

}  // namespace smtpblock
