#include "daemon/policy/request.h"

#include <algorithm>

#include "daemon/policy/limits.h"

namespace smtpblock::policy {
namespace {

/// The only one there is.
constexpr std::string_view access_policy = "smtpd_access_policy";

constexpr std::string_view too_long = "a name or a value longer than 8192 octets";

/// In the order of RequestReader::Known.
constexpr std::array<std::string_view, 9> names{
    "request",        "protocol_state", "helo_name",   "sender",        "recipient",
    "client_address", "sasl_username",  "sasl_sender", "policy_context"};

}  // namespace

RequestReader::State RequestReader::read(std::string_view text) {
    static_assert(names.size() == known_names);
    while (true) {
        const auto end = text.find('\n', scanned_);
        scanned_ = end == std::string_view::npos ? text.size() : end + 1;
        if (scanned_ > limits::request_octets) return flawed("longer than 65536 octets");
        if (end == std::string_view::npos)
            return scanned_ - line_ > 2 * limits::string_octets ? flawed(too_long) : State::more;
        if (end == line_) break;
        if (const auto flaw = take_line(text, end); !flaw.empty()) return flawed(flaw);
        line_ = scanned_;
    }
    line_ = scanned_;
    return places_[request_type].at != 0 ? State::whole : flawed("no request=smtpd_access_policy");
}

/// The line from line_ to `end`: what is wrong with it, or nothing.
std::string_view RequestReader::take_line(std::string_view text, std::size_t end) {
    const std::string_view line = text.substr(line_, end - line_);
    if (line.find('\0') != std::string_view::npos) return "a NUL";
    if (line == "\r") return "lines that end in CRLF instead of LF";
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) return "a line without '='";
    if (equals == 0) return "a line without a name";
    const std::string_view value = line.substr(equals + 1);
    if (std::max(equals, value.size()) > limits::string_octets) return too_long;
    if (++attributes_ > limits::attributes) return "more than 1024 attributes";
    const auto name = known(line.substr(0, equals));
    if (!name) return {};
    Place& place = places_[*name];
    // A second one may come from within a value that somebody has put in as it was.
    if (place.at != 0) return "an attribute that is there twice";
    place = {static_cast<std::uint32_t>(line_ + equals + 1),
             static_cast<std::uint32_t>(value.size())};
    if (*name == request_type && value != access_policy)
        return "a request other than smtpd_access_policy";
    return {};
}

RequestReader::State RequestReader::flawed(std::string_view why) {
    flaw_ = why;
    return State::flawed;
}

std::optional<RequestReader::Known> RequestReader::known(std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<Known>(found - names.begin());
}

std::optional<std::string_view> RequestReader::value(std::string_view text, Known name) const {
    const Place& place = places_[name];
    if (place.at == 0) return std::nullopt;
    return text.substr(place.at, place.octets);
}

Request RequestReader::request(std::string_view text) const {
    return {.state = value(text, protocol_state),
            .helo_name = value(text, helo_name),
            .sender = value(text, sender),
            .recipient = value(text, recipient),
            .client_address = value(text, client_address),
            .sasl_username = value(text, sasl_username),
            .sasl_sender = value(text, sasl_sender),
            .context = value(text, policy_context)};
}

}  // namespace smtpblock::policy
