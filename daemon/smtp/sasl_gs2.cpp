#include "daemon/smtp/sasl_gs2.h"

#include <utility>

namespace smtpblock::smtp {

std::optional<std::string> unescaped_saslname(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] == ',') return std::nullopt;
        if (name[i] != '=') {
            out += name[i];
            continue;
        }
        const std::string_view escape = name.substr(i, 3);
        if (escape != "=2C" && escape != "=3D") return std::nullopt;
        out += escape == "=2C" ? ',' : '=';
        i += 2;
    }
    if (out.empty()) return std::nullopt;
    return out;
}

std::optional<Gs2Header> Gs2Header::parse(std::string_view message) {
    if (!message.starts_with("n,") && !message.starts_with("y,")) return std::nullopt;
    const auto end = message.find(',', 2);
    if (end == std::string_view::npos) return std::nullopt;
    Gs2Header header;
    header.octets = end + 1;
    const std::string_view authorization = message.substr(2, end - 2);
    if (authorization.empty()) return header;
    if (!authorization.starts_with("a=")) return std::nullopt;
    auto name = unescaped_saslname(authorization.substr(2));
    if (!name) return std::nullopt;
    header.authorization = *std::move(name);
    return header;
}

}  // namespace smtpblock::smtp
