#include "common/ehlo_name.h"

#include "common/idna.h"

namespace smtpblock {
namespace {

std::string_view without_lone_bracket(std::string_view text) {
    if (text.ends_with(']') && !text.starts_with('[')) text.remove_suffix(1);
    if (text.starts_with('[') && !text.ends_with(']')) text.remove_prefix(1);
    return text;
}

}  // namespace

std::string EhloName::text_form(std::string_view name) {
    std::string text = idna_form(name);
    while (text.size() > 1 && text.ends_with('.')) text.pop_back();
    return text;
}

EhloName EhloName::parse(std::string_view argument) {
    std::string text = text_form(argument);
    if (text == "\"\"") text.clear();
    if (auto address = IpAddress::of_literal(without_lone_bracket(text)))
        return {address->literal(), address};
    return {std::move(text), std::nullopt};
}

}  // namespace smtpblock
