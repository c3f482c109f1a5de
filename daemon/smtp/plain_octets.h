// The fast look at a message: how much of it needs no second one. Every octet is looked at, 32 at a
// time where the processor can (AVX2), a line at a time elsewhere.
#pragma once

#include <cstddef>
#include <string_view>

namespace smtpblock::smtp {

/// How many octets at the head of `bytes`, which do not begin in the middle of a CRLF nor with a
/// dot that begins a line, hold no bare CR, no bare LF, no NUL and no line that begins with a dot.
/// A CR that is the last of them may be the first half of a CRLF. Never too many; too few only by
/// the last octets of `bytes` and before what was found.
std::size_t plain_octets(std::string_view bytes);

}  // namespace smtpblock::smtp
