// Objects as `export` and `list --json` write them: one a line, or spread over lines, or all in one
// array. The keys are pattern, type, dir, action, expires and description; what else a rule shows
// (id, created, updated, by, hits, last_hit, caught) is passed over, and any other key is refused,
// since it is a mistyped one. An array is read as a stream as well.
#pragma once

#include <memory>

#include "cli/rule_file.h"

namespace smtpblock {

std::unique_ptr<RuleFile> json_rule_file(OctetSource source, RuleFileOptions options);

}  // namespace smtpblock
