#include "daemon/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace smtpblock {

bool notify_service_manager(std::string_view state) {
    const char* name = std::getenv("NOTIFY_SOCKET");
    if (name == nullptr) return false;
    const std::size_t octets = std::strlen(name);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (octets < 2 || octets >= sizeof address.sun_path) return false;
    std::memcpy(address.sun_path, name, octets);
    if (name[0] == '@')
        address.sun_path[0] = '\0';  // an abstract name
    else if (name[0] != '/')
        return false;

    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return false;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + octets);
    const auto sent = sendto(socket, state.data(), state.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), size);
    close(socket);
    return sent == static_cast<ssize_t>(state.size());
}

}  // namespace smtpblock
