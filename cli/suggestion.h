// What somebody who mistyped a word may have meant, as the end of an error message.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace smtpblock {

/// `; did you mean 'x'?`, or nothing when none of `known` is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace smtpblock
