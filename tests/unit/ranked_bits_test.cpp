#include "common/ranked_bits.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "unit/seed.h"

using namespace smtpblock;

TEST_CASE("a rank is what counting gives") {
    const unsigned seed = test_seed();
    INFO("SMTPBLOCK_TEST_SEED=" << seed);
    std::mt19937_64 random(seed);
    for (const std::uint64_t size : {0U, 1U, 63U, 64U, 65U, 511U, 512U, 513U, 5000U}) {
        RankedBits bits(size);
        std::vector<bool> reference(size);
        for (std::uint64_t i = 0; i < size; ++i)
            if (random() % 3 != 0) {
                bits.set(i);
                reference[i] = true;
            }
        bits.seal();
        std::uint64_t set = 0;
        for (std::uint64_t i = 0; i < size; ++i) {
            REQUIRE(bits.test(i) == reference[i]);
            REQUIRE(bits.rank(i) == set);
            set += reference[i] ? 1 : 0;
        }
        CHECK(bits.rank(size) == set);
        CHECK(bits.total() == set);
    }
}
