// Words over letters so few that they meet, for tests that play with chance.
#pragma once

#include <rapidcheck.h>

#include <string>
#include <utility>
#include <vector>

namespace smtpblock::test {

inline rc::Gen<std::string> words(std::vector<std::string> letters) {
    return rc::gen::map(
        rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::move(letters))),
        [](const std::vector<std::string>& parts) {
            std::string out;
            for (const auto& part : parts) out += part;
            return out;
        });
}

}  // namespace smtpblock::test
