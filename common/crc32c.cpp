#include "common/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace smtpblock {
namespace {

constexpr std::uint32_t polynomial = 0x82f63b78;  // reflected

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t remainder = i;
        for (int bit = 0; bit < 8; ++bit)
            remainder = (remainder >> 1U) ^ ((remainder & 1U) != 0 ? polynomial : 0);
        table[i] = remainder;
    }
    return table;
}

constexpr auto table = make_table();

std::uint32_t octet_by_octet(std::string_view octets, std::uint32_t crc) {
    for (const char c : octets)
        crc = (crc >> 8U) ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xffU];
    return crc;
}

#if defined(__x86_64__)

/// The processor knows this very polynomial.
__attribute__((target("sse4.2"))) std::uint32_t word_by_word(std::string_view octets,
                                                             std::uint32_t crc) {
    std::uint64_t wide = crc;
    for (; octets.size() >= sizeof wide; octets.remove_prefix(sizeof wide)) {
        std::uint64_t word = 0;
        std::memcpy(&word, octets.data(), sizeof word);
        wide = _mm_crc32_u64(wide, word);
    }
    crc = static_cast<std::uint32_t>(wide);
    for (const char c : octets) crc = _mm_crc32_u8(crc, static_cast<unsigned char>(c));
    return crc;
}

#endif

}  // namespace

std::uint32_t crc32c(std::string_view octets, std::uint32_t before) {
#if defined(__x86_64__)
    static const bool has_sse42 = __builtin_cpu_supports("sse4.2") != 0;
    if (has_sse42) return ~word_by_word(octets, ~before);
#endif
    return ~octet_by_octet(octets, ~before);
}

}  // namespace smtpblock
