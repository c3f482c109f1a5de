#include "common/login_name.h"

#include <catch2/catch.hpp>
#include <string>

namespace smtpblock {

TEST_CASE("a login name with more than one @ may be split at the first and at the last") {
    const auto readings = [](std::string_view name) {
        std::vector<std::string> texts;
        for (const Address& address : readings_of_login(name, "example.com"))
            texts.push_back(address.text());
        return texts;
    };
    CHECK(readings("bob@example.com") == std::vector<std::string>{"bob@example.com"});
    CHECK(readings("bob@") == std::vector<std::string>{"bob@example.com"});
    CHECK(readings("Bob@x@example.com") ==
          std::vector<std::string>{"\"bob@x\"@example.com", "bob@x@example.com"});
}

}  // namespace smtpblock
