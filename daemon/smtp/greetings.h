// What is said to a client that gets no session.
#pragma once

#include <string>
#include <string_view>

namespace smtpblock::smtp {

/// Takes the place of the banner; the connection is closed after it (RFC 5321 4.2.1).
std::string too_many_connections(std::string_view host);

}  // namespace smtpblock::smtp
