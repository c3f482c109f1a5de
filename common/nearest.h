// The word that somebody most likely meant: what an error about an unknown one names.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace smtpblock {

/// The one of `known` with the fewest changes (insert, delete, replace, swap of neighbours) from
/// `word`, case ignored. Nothing when even that one is too far off to be a slip.
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> known);

}  // namespace smtpblock
