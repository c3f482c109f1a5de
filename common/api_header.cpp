#include "common/api_header.h"

#include <algorithm>

#include "common/text.h"

namespace smtpblock {
namespace {

/// Of name and value together: far more than a key needs, and few enough to wait for of anybody.
constexpr std::size_t most_octets = 1024;

/// tchar of RFC 9110 5.6.2.
bool is_token_octet(char c) {
    return is_letter(c) || is_digit(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// As a header's value is read: without the blanks around it.
std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

Result<ApiHeader> ApiHeader::parse(std::string_view written) {
    const auto colon = written.find(':');
    const bool named = colon != std::string_view::npos;
    const std::string_view name = named ? written.substr(0, colon) : "X-API-Key";
    const std::string_view value = trimmed(named ? written.substr(colon + 1) : written);
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_token_octet))
        return fail(
            ErrorCode::bad_input,
            "what stands before the colon is no name of a header; write \"X-API-Key: KEY\"");
    const bool visible = std::all_of(value.begin(), value.end(),
                                     [](char c) { return !is_control(c) && !is_eight_bit(c); });
    if (value.empty() || !visible)
        return fail(ErrorCode::bad_input,
                    "the key is empty, or holds what is no printable ASCII; write \"X-API-Key: "
                    "KEY\"");
    if (name.size() + value.size() > most_octets)
        return fail(ErrorCode::bad_input, "longer than {} octets", most_octets);
    return ApiHeader{std::string(name), std::string(value)};
}

bool ApiHeader::is_value(std::string_view given) const {
    unsigned differs = given.size() == value.size() ? 0U : 1U;
    for (std::size_t place = 0; place < given.size(); ++place)
        differs |= static_cast<unsigned char>(given[place] ^ value[place % value.size()]);
    return differs == 0;
}

}  // namespace smtpblock
