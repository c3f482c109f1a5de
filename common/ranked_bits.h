// A bit for each number below a size, and how many of the bits before a number are set, in constant
// time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace smtpblock {

class RankedBits {
public:
    explicit RankedBits(std::uint64_t size = 0) : words_(size / word_bits + 1) {}

    void set(std::uint64_t number) {
        words_[number / word_bits] |= std::uint64_t{1} << number % word_bits;
    }
    bool test(std::uint64_t number) const {
        return (words_[number / word_bits] >> number % word_bits & 1U) != 0;
    }

    /// After the last set() and before the first rank().
    void seal() {
        before_.clear();
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < words_.size(); ++i) {
            if (i % words_a_block == 0) before_.push_back(sum);
            sum += count(words_[i]);
        }
        total_ = sum;
    }
    /// How many are set below `number`.
    std::uint64_t rank(std::uint64_t number) const {
        const std::size_t word = number / word_bits;
        std::size_t at = word / words_a_block * words_a_block;
        std::uint64_t sum = before_[word / words_a_block];
        for (; at < word; ++at) sum += count(words_[at]);
        const std::uint64_t below = (std::uint64_t{1} << number % word_bits) - 1;
        return sum + count(words_[word] & below);
    }
    std::uint64_t total() const { return total_; }

private:
    static constexpr std::size_t word_bits = 64;
    static constexpr std::size_t words_a_block = 8;

    static std::uint64_t count(std::uint64_t word) {
        return static_cast<std::uint64_t>(std::popcount(word));
    }

    std::vector<std::uint64_t> words_;
    std::vector<std::uint64_t> before_;  ///< set bits before each block
    std::uint64_t total_ = 0;
};

}  // namespace smtpblock
