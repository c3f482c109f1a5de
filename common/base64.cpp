#include "common/base64.h"

#include <array>
#include <cstdint>

namespace smtpblock {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::uint8_t nothing = 0xff;

constexpr std::array<std::uint8_t, 256> values = [] {
    std::array<std::uint8_t, 256> out{};
    out.fill(nothing);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        out[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    return out;
}();

}  // namespace

std::optional<std::size_t> base64_decode(std::string_view text, char* out) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && text.ends_with('=')) {
        text.remove_suffix(1);
        ++padding;
    }
    std::size_t octets = 0;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        const std::uint8_t value = values[static_cast<unsigned char>(c)];
        if (value == nothing) return std::nullopt;
        bits = bits << 6U | value;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out[octets++] = static_cast<char>(bits >> count & 0xffU);
    }
    if ((bits & ((1U << count) - 1)) != 0) return std::nullopt;
    return octets;
}

void base64_encode(std::string_view octets, char* out) {
    for (; !octets.empty(); octets.remove_prefix(octets.size() < 3 ? octets.size() : 3)) {
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i)
            bits = bits << 8U | (i < octets.size() ? static_cast<unsigned char>(octets[i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i)
            *out++ = i <= octets.size() ? alphabet[bits >> (18 - 6 * i) & 63U] : '=';
    }
}

std::optional<std::string> base64_decode(std::string_view text) {
    std::string out(base64_decoded_most(text.size()), '\0');
    const auto octets = base64_decode(text, out.data());
    if (!octets) return std::nullopt;
    out.resize(*octets);
    return out;
}

std::string base64_encode(std::string_view octets) {
    std::string out(base64_encoded_size(octets.size()), '\0');
    base64_encode(octets, out.data());
    return out;
}

}  // namespace smtpblock
