#include "daemon/descriptor_limit.h"

#include <catch2/catch.hpp>

namespace smtpblock {

TEST_CASE("more clients than there are descriptors for two each are worth a warning") {
    CHECK(descriptor_warning(10000, std::nullopt).empty());
    CHECK(descriptor_warning(10000, 20000).empty());
    CHECK(descriptor_warning(10000, 19999) ==
          "limits.sessions: 10000 need up to 20000 descriptors, and this process may have 19999; "
          "write LimitNOFILE= into a drop-in for its unit, or fewer sessions");
}

}  // namespace smtpblock
