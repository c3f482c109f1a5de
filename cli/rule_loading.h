// What import and apply have in common: the rules of a file go into the store, all or none, in one
// edit, and the user sees what is in the way, how far it has come, and what there is to note.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "cli/commands.h"
#include "cli/rule_file.h"
#include "common/store_load.h"

namespace smtpblock {

struct LoadRequest {
    std::string file;  ///< `-`: standard input
    RuleFormat format;
    RuleFileOptions reading;  ///< but for who hears of bad lines
    LoadOptions options;
    std::string conflict_way_out;  ///< what the user can do about rules that are there already
    /// Hears what is done to each rule, while the store is locked; none: nobody wants to know.
    std::function<void(LoadResult, const Rule* before, const Rule* after)> difference;
};

struct Loaded {
    LoadReport report;
    std::uint64_t bad_lines = 0;  ///< skipped
    std::uint64_t run_out = 0;    ///< left out
};

/// Makes the store where there is none. Errors: the store's, the file's, bad_input for a bad line,
/// already_exists.
Result<Loaded> load_rules(const LoadRequest& request, const Context& context, Terminal& terminal);

}  // namespace smtpblock
