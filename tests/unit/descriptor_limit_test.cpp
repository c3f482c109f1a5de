#include "daemon/descriptor_limit.h"

#include <catch2/catch.hpp>

namespace smtpblock {

TEST_CASE("more clients than there are descriptors for two each are worth a warning") {
    const std::set fronts{Protocol::smtp};
    CHECK(descriptor_warning(10000, fronts, std::nullopt).empty());
    CHECK(descriptor_warning(10000, fronts, 20000).empty());
    CHECK(descriptor_warning(10000, fronts, 19999) ==
          "limits.sessions: 10000 need up to 20000 descriptors, and this process may have 19999; "
          "write LimitNOFILE= into a drop-in for its unit, or fewer sessions");
}

TEST_CASE("those who ask need descriptors beside the clients of a front, one each") {
    CHECK(descriptor_warning(100, {Protocol::policy}, 100).empty());
    CHECK_FALSE(descriptor_warning(100, {Protocol::policy}, 99).empty());
    const std::set all{Protocol::smtp, Protocol::policy, Protocol::dovecot};
    CHECK(descriptor_warning(100, all, 400).empty());
    CHECK_FALSE(descriptor_warning(100, all, 399).empty());
}

}  // namespace smtpblock
