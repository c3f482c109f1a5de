#include "daemon/smtp/greetings.h"

#include <fmt/format.h>

namespace smtpblock::smtp {

std::string too_many_connections(std::string_view host) {
    return fmt::format("421 4.7.0 {} Error: too many connections\r\n", host);
}

}  // namespace smtpblock::smtp
