// The EHLO name of a request. Postfix shows it with `?` in place of what its logs and headers could
// take for something else: a blank, one of `<>()\";@`, whatever is not printable (smtpd.c:
// printable(), then neuter() of NEUTER_CHARACTERS). Nobody knows which of them it was, so that
// rules are compared with each name that it may have been.
#pragma once

#include <string_view>
#include <vector>

#include "common/ehlo_name.h"

namespace smtpblock::policy {

/// The name as it was told, up to its first white space; before it the same up to its first `?`,
/// where that may have been the blank behind the name. Of each the last has for EhloName::originals
/// what one or two `?` may have been, and not more, since each has nine meanings. They are for
/// rules of one name alone: with wildcards `*@*` would hit everybody whose name has a blank.
std::vector<EhloName> names_of_helo(std::string_view helo_name);

}  // namespace smtpblock::policy
