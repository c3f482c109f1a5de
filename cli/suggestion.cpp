#include "cli/suggestion.h"

#include "common/nearest.h"
#include "common/text.h"

namespace smtpblock {

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
    const std::vector<std::string_view> views(known.begin(), known.end());
    const auto found = nearest(word, views);
    return found ? "; did you mean " + quoted(*found) + "?" : "";
}

}  // namespace smtpblock
