#include "daemon/smtp/sasl_oauth.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "common/text.h"
#include "daemon/smtp/sasl_gs2.h"

namespace smtpblock::smtp {
namespace {

constexpr char separator = '\x01';

/// The next field, taken off `rest` with the separator behind it.
std::string_view take_field(std::string_view& rest) {
    const auto end = std::min(rest.find(separator), rest.size());
    const std::string_view field = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return field;
}

/// The token in `auth=Bearer TOKEN`; nothing in another field.
std::optional<std::string_view> token_in(std::string_view field) {
    constexpr std::string_view key = "auth=";
    constexpr std::string_view scheme = "Bearer ";
    if (!starts_with_ignoring_case(field, key)) return std::nullopt;
    field.remove_prefix(key.size());
    if (starts_with_ignoring_case(field, scheme)) field.remove_prefix(scheme.size());
    return field;
}

}  // namespace

SaslStep OauthExchange::take(std::string_view response) {
    const Next what = std::exchange(next_, Next::nothing);
    switch (what) {
        case Next::message: {
            SaslStep step = take_message(response);
            if (step.kind != SaslStep::Kind::malformed) next_ = Next::empty;
            return step;
        }
        case Next::empty:
            if (response.empty() || response == std::string_view(&separator, 1))
                return {SaslStep::Kind::open, {}};
            return {};
        case Next::nothing:
            break;
    }
    return {};
}

SaslStep OauthExchange::take_message(std::string_view message) {
    if (message.empty()) return {SaslStep::Kind::open, {}};
    if (std::any_of(message.begin(), message.end(),
                    [](char c) { return is_control(c) && c != separator; }))
        return {};
    std::string_view rest = message;
    if (mechanism() == Mechanism::oauthbearer) {
        const auto header = Gs2Header::parse(message);
        if (!header || !message.substr(header->octets).starts_with(separator)) return {};
        if (!add_identity(header->authorization)) return {};
        rest.remove_prefix(header->octets + 1);
    }
    // Each user and token that is found counts: an upstream may take the first or the last.
    std::vector<std::string_view> tokens;
    for (std::string_view fields = rest; !fields.empty();) {
        const std::string_view field = take_field(fields);
        for (const std::string_view key : {"user=", "a="})
            if (starts_with_ignoring_case(field, key) && !add_identity(field.substr(key.size())))
                return {};
        if (const auto token = token_in(field)) tokens.push_back(*token);
    }
    // What looks like no token here may be one there: only nothing at all goes on as it is. An
    // empty one is nobody's, and a wrong one in its place would fail in another way.
    const bool lacks_one = std::any_of(tokens.begin(), tokens.end(),
                                       [](std::string_view token) { return token.empty(); });
    if (tokens.empty() || lacks_one || identities().empty()) return {};

    SaslStep step{SaslStep::Kind::secret, {}};
    step.usual = std::all_of(tokens.begin(), tokens.end(), [](std::string_view token) {
        return token.find(' ') == std::string_view::npos;  // of another scheme
    });
    step.spoilt.reserve(message.size());
    const char* at = message.data();
    for (const std::string_view token : tokens) {
        Spoiler spoiler = spoiler_of(token);
        step.spoilt.append({at, token.data()});
        step.spoilt.append(spoilt_token(spoiler, token).view());
        at = token.data() + token.size();
    }
    step.spoilt.append({at, message.data() + message.size()});
    return step;
}

}  // namespace smtpblock::smtp
