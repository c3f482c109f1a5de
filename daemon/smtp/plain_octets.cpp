#include "daemon/smtp/plain_octets.h"

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace smtpblock::smtp {
namespace {

/// Whole lines only.
std::size_t line_by_line(std::string_view bytes) {
    std::size_t begin = 0;
    for (;;) {
        const auto lf = bytes.find('\n', begin);
        if (lf == std::string_view::npos || lf == begin) return begin;
        const char* const line = bytes.data() + begin;
        const std::size_t before_lf = lf - begin;
        const void* const cr = std::memchr(line, '\r', before_lf);
        if (cr != line + before_lf - 1 || std::memchr(line, '\0', before_lf) != nullptr)
            return begin;
        begin = lf + 1;
        if (begin == bytes.size() || bytes[begin] == '.') return begin;
    }
}

#if defined(__x86_64__)

constexpr std::size_t block_octets = 32;

__attribute__((target("avx2"))) std::size_t block_by_block(std::string_view bytes) {
    const __m256i cr = _mm256_set1_epi8('\r');
    const __m256i lf = _mm256_set1_epi8('\n');
    const __m256i dot = _mm256_set1_epi8('.');
    const __m256i nul = _mm256_setzero_si256();
    std::uint32_t after_cr = 0;  // the octet before the block was a CR, or an LF
    std::uint32_t after_lf = 0;
    std::size_t octets = 0;
    for (; octets + block_octets <= bytes.size(); octets += block_octets) {
        __m256i block;
        std::memcpy(&block, bytes.data() + octets, sizeof block);
        const auto where = [&](__m256i octet) __attribute__((target("avx2"))) {
            return static_cast<std::uint32_t>(
                _mm256_movemask_epi8(_mm256_cmpeq_epi8(block, octet)));
        };
        const std::uint32_t crs = where(cr);
        const std::uint32_t lfs = where(lf);
        const std::uint32_t behind_crs = crs << 1U | after_cr;
        const std::uint32_t line_starts = lfs << 1U | after_lf;
        if (behind_crs != lfs || where(nul) != 0 || (line_starts & where(dot)) != 0) break;
        after_cr = crs >> (block_octets - 1);
        after_lf = lfs >> (block_octets - 1);
    }
    // The block that was not counted may begin with what spoils the end of the one before it.
    if (octets > 0 && octets < bytes.size()) {
        const char next = bytes[octets];
        if (after_cr != 0 && next != '\n') return octets - 1;
    }
    return octets;
}

#endif

}  // namespace

std::size_t plain_octets(std::string_view bytes) {
#if defined(__x86_64__)
    static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
    if (has_avx2) return block_by_block(bytes);
#endif
    return line_by_line(bytes);
}

}  // namespace smtpblock::smtp
