#include "daemon/dovecot/auth_request.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <utility>

namespace smtpblock::dovecot {
namespace json = boost::json;
namespace {

/// An attribute `a/b` is an object in an object; nobody has more of them.
constexpr std::size_t most_depth = 8;

/// False when the member is there and is no text. An absent one, or null, leaves `into` as it is.
bool read_text(const json::object& object, std::string_view key, std::optional<std::string>& into) {
    const json::value* value = object.if_contains({key.data(), key.size()});
    if (value == nullptr || value->is_null()) return true;
    const json::string* text = value->if_string();
    if (text == nullptr) return false;
    into.emplace(text->data(), text->size());
    return true;
}

}  // namespace

Result<AuthRequest> AuthRequest::parse(std::string_view text) {
    json::parse_options options;
    options.max_depth = most_depth;
    options.allow_invalid_utf8 = true;  // a login may be any octets
    boost::system::error_code error;
    const json::value value =
        json::parse(json::string_view(text.data(), text.size()), error, {}, options);
    if (error) return fail(ErrorCode::bad_input, "no JSON: {}", error.message());
    const json::object* object = value.if_object();
    if (object == nullptr) return fail(ErrorCode::bad_input, "no JSON object");

    AuthRequest request;
    std::optional<std::string> login;
    std::optional<std::string> auth_user;
    std::optional<std::string> remote;
    for (const auto& [key, into] : {std::pair{"login", &login},
                                    {"auth_user", &auth_user},
                                    {"remote", &remote},
                                    {"protocol", &request.protocol}}) {
        if (!read_text(*object, key, *into))
            return fail(ErrorCode::bad_input, "{}: not a text", key);
    }
    if (!login) return fail(ErrorCode::bad_input, "no login");
    request.login = *std::move(login);
    request.auth_user = std::move(auth_user).value_or("");
    request.remote = std::move(remote).value_or("");
    return request;
}

}  // namespace smtpblock::dovecot
