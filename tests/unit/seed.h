// The seed of a test that plays with chance: a new one each time, or SMTPBLOCK_TEST_SEED's to see
// again what a failure has printed.
#pragma once

#include <cstdlib>
#include <random>
#include <string>

namespace smtpblock {

inline unsigned test_seed() {
    const char* const wanted = std::getenv("SMTPBLOCK_TEST_SEED");
    if (wanted == nullptr) return std::random_device{}();
    return static_cast<unsigned>(std::stoul(wanted));
}

}  // namespace smtpblock
