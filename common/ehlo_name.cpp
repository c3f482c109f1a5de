#include "common/ehlo_name.h"

#include "common/text.h"

namespace smtpblock {

EhloName EhloName::parse(std::string_view argument) {
    if (auto address = IpAddress::parse(argument)) return {address->literal(), address};
    if (argument.size() > 1 && argument.ends_with('.')) argument.remove_suffix(1);
    return {lower(argument), std::nullopt};
}

}  // namespace smtpblock
