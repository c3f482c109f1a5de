// Plays a transcript on a Session in several ways, and says what went otherwise than it stands
// there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "transcripts/transcript.h"

namespace smtpblock::transcripts {

enum class Way : std::uint8_t {
    as_written,
    byte_by_byte,
    at_once,  ///< the client says all it may say before it must wait
};
constexpr Way ways[] = {Way::as_written, Way::byte_by_byte, Way::at_once};
std::string_view word(Way way);

/// Empty when all was as written; else what was not, with the line of the file.
std::string play(const Transcript& transcript, Way way);

enum class Cut : std::uint8_t {
    client_half_closes,
    client_resets,
    upstream_closes_for_good,  ///< and takes no other connection
    upstream_resets_for_good,
    upstream_closes,  ///< and takes another one, in which all is well
    upstream_resets,
};
constexpr Cut cuts[] = {Cut::client_half_closes,       Cut::client_resets,
                        Cut::upstream_closes_for_good, Cut::upstream_resets_for_good,
                        Cut::upstream_closes,          Cut::upstream_resets};
std::string_view word(Cut cut);

/// What is known from the play as written.
struct Reference {
    std::vector<int> asked;          ///< 354, 334 or 0: what the client was asked for at each step
    std::set<std::string> refusals;  ///< all the 5xx that the client saw
};
Reference refer_to(const Transcript& transcript);

/// Plays the first `steps` steps, then one side goes, and the others go on as far as they can.
/// Only invariants are looked at. Empty when all held.
std::string play_cut(const Transcript& transcript, const Reference& reference, std::size_t steps,
                     Cut cut);

}  // namespace smtpblock::transcripts
