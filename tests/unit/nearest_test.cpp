#include "common/nearest.h"

#include <array>
#include <catch2/catch.hpp>
#include <string>

namespace smtpblock {

TEST_CASE("a slip names the word that was meant, anything else names none") {
    constexpr std::array<std::string_view, 4> words{"list", "delete", "add", "status"};
    CHECK(nearest("lsit", words) == "list");
    CHECK(nearest("DELTE", words) == "delete");
    CHECK(nearest("ad", words) == "add");
    CHECK(nearest("statuss", words) == "status");
    CHECK_FALSE(nearest("quarantine", words));
    CHECK_FALSE(nearest("", words));
    CHECK_FALSE(nearest(std::string(1000, 'l'), words));
}

}  // namespace smtpblock
