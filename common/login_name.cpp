#include "common/login_name.h"

#include "common/text.h"

namespace smtpblock {

std::vector<Address> readings_of_login(std::string_view name, std::string_view auth_domain) {
    std::vector<Address> readings{Address::of_identity(name, auth_domain)};
    const auto first = name.find('@');
    if (first != name.rfind('@'))
        readings.push_back({folded(name.substr(0, first)), folded(name.substr(first + 1))});
    return readings;
}

}  // namespace smtpblock
