// Nearly every pattern of a long list is a plain address, domain or host name in ASCII. Those are
// recognised in one pass, so that a million of them cost little; whatever is less than plain is
// left to Pattern's own parsing, which for these says the same.
#pragma once

#include <optional>
#include <string_view>

#include "common/pattern.h"

namespace smtpblock {

/// The kind of a pattern whose canonical form is what is written, but for case; nothing when that
/// needs a closer look.
std::optional<PatternKind> plain_kind(RuleType type, std::string_view written);

}  // namespace smtpblock
