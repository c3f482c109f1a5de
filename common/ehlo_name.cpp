#include "common/ehlo_name.h"

#include "common/text.h"

namespace smtpblock {

std::string EhloName::text_form(std::string_view name) {
    while (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
    return lower(name);
}

EhloName EhloName::parse(std::string_view argument) {
    if (argument == "\"\"") argument = {};
    std::string text = text_form(argument);
    if (auto address = IpAddress::parse(text)) return {address->literal(), address};
    return {std::move(text), std::nullopt};
}

}  // namespace smtpblock
