// In the place of the keyed hash of the daemon.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace smtpblock {

/// No hash at all, but deterministic and different for different texts.
inline std::array<unsigned char, 32> stirred(std::string_view text) {
    std::array<unsigned char, 32> out{};
    std::uint32_t state = 2166136261U;
    for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 16777619U;
    for (unsigned char& octet : out) {
        state = state * 1664525U + 1013904223U;
        octet = static_cast<unsigned char>(state >> 24U);
    }
    return out;
}

}  // namespace smtpblock
