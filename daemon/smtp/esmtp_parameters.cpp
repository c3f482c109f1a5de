#include "daemon/smtp/esmtp_parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "common/text.h"

namespace smtpblock::smtp {
namespace {

constexpr std::size_t envid_octets = 100;  // RFC 3461 4.4
constexpr std::size_t orcpt_octets = 500;  // RFC 3461 4.2

/// The value behind `keyword`, which ends in `=`; nothing when `parameter` is another one.
std::optional<std::string_view> value_of(std::string_view parameter, std::string_view keyword) {
    if (!starts_with_ignoring_case(parameter, keyword)) return std::nullopt;
    return parameter.substr(keyword.size());
}

/// RFC 3461 4; with `utf8` UTF-8 may stand in it as it is (RFC 6533 3).
bool is_xtext(std::string_view text, bool utf8 = false) {
    if (utf8 && !is_utf8(text)) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (is_eight_bit(c) ? !utf8 : c <= ' ' || c == '\x7f' || c == '=') return false;
        if (c != '+') continue;
        if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0)
            return false;
        i += 2;
    }
    return !text.empty();
}

/// `NEVER`, or words of the other three with commas between them (RFC 3461 4.1).
bool is_notify(std::string_view list) {
    if (equal_ignoring_case(list, "NEVER")) return true;
    for (;;) {
        const std::string_view word = list.substr(0, list.find(','));
        if (!equal_ignoring_case(word, "SUCCESS") && !equal_ignoring_case(word, "FAILURE") &&
            !equal_ignoring_case(word, "DELAY"))
            return false;
        if (word.size() == list.size()) return true;
        list.remove_prefix(word.size() + 1);
    }
}

/// An address type, a semicolon and the address (RFC 3461 4.2).
bool is_orcpt(std::string_view value, bool utf8) {
    const auto semicolon = value.find(';');
    if (value.size() > orcpt_octets || semicolon == std::string_view::npos) return false;
    const std::string_view type = value.substr(0, semicolon);
    const bool sound = !type.empty() && std::all_of(type.begin(), type.end(), [](char c) {
        return is_letter(c) || is_digit(c) || c == '-';
    });
    return sound && is_xtext(value.substr(semicolon + 1), utf8);
}

std::string unsupported(std::string_view parameter) {
    return fmt::format("555 5.5.4 Unsupported option: {}", printable(parameter));
}

}  // namespace

bool ParameterNeeds::met_by(const Keywords& keywords) const {
    return (!size || keywords.size) && (!eight_bit_mime || keywords.eight_bit_mime) &&
           (!auth || keywords.auth()) && (!smtputf8 || keywords.smtputf8) && (!dsn || keywords.dsn);
}

std::string MailParameters::take(std::string_view parameter) {
    if (const auto size = value_of(parameter, "SIZE="); size && offered_.size)
        return take_size(*size);
    if (const auto body = value_of(parameter, "BODY="); body && offered_.eight_bit_mime) {
        const bool eight_bit = equal_ignoring_case(*body, "8BITMIME");
        if (!eight_bit && !equal_ignoring_case(*body, "7BIT"))
            return fmt::format("501 5.5.4 Unsupported option: {}", printable(parameter));
        needs_.eight_bit_mime = needs_.eight_bit_mime || eight_bit;
        return {};
    }
    if (const auto by = value_of(parameter, "AUTH="); by && auth_) {
        if (*by != "<>" && !is_xtext(*by)) return "501 5.5.4 Bad AUTH parameter";
        needs_.auth = true;
        return {};
    }
    if (equal_ignoring_case(parameter, "SMTPUTF8") && offered_.smtputf8) {
        needs_.smtputf8 = true;
        return {};
    }
    if (const auto ret = value_of(parameter, "RET="); ret && offered_.dsn) {
        const bool known = equal_ignoring_case(*ret, "FULL") || equal_ignoring_case(*ret, "HDRS");
        if (!known || std::exchange(has_ret_, true)) return "501 5.5.4 Bad RET parameter syntax";
        needs_.dsn = true;
        return {};
    }
    if (const auto envid = value_of(parameter, "ENVID="); envid && offered_.dsn) {
        if (envid->size() > envid_octets || !is_xtext(*envid) || std::exchange(has_envid_, true))
            return "501 5.5.4 Bad ENVID parameter syntax";
        needs_.dsn = true;
        return {};
    }
    return unsupported(parameter);
}

std::string MailParameters::take_size(std::string_view value) {
    std::uint64_t octets = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), octets);
    if (error != std::errc{} || end != value.data() + value.size())
        return "501 5.5.4 Bad message size syntax";
    if (*offered_.size != 0 && octets > *offered_.size)
        return "552 5.3.4 Message size exceeds fixed limit";
    needs_.size = true;
    return {};
}

std::string RcptParameters::take(std::string_view parameter) {
    if (const auto notify = value_of(parameter, "NOTIFY="); notify && offered_.dsn) {
        if (is_notify(*notify) && !std::exchange(has_notify_, true)) return {};
        return "501 5.5.4 Error: Bad NOTIFY parameter syntax";
    }
    if (const auto orcpt = value_of(parameter, "ORCPT="); orcpt && offered_.dsn) {
        if (is_orcpt(*orcpt, smtputf8_) && !std::exchange(has_orcpt_, true)) return {};
        return "501 5.5.4 Error: Bad ORCPT parameter syntax";
    }
    return unsupported(parameter);
}

}  // namespace smtpblock::smtp
