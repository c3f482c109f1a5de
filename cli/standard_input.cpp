#include "cli/standard_input.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace smtpblock {

StandardInput::int_type StandardInput::underflow() {
    ssize_t octets = 0;
    while ((octets = ::read(STDIN_FILENO, buffer_.data(), buffer_.size())) < 0) {
        if (errno == EAGAIN) {  // somebody's pipe that does not block
            pollfd readable{STDIN_FILENO, POLLIN, 0};
            static_cast<void>(::poll(&readable, 1, -1));
        } else if (errno != EINTR) {
            throw std::system_error(errno, std::generic_category());
        }
    }
    if (octets == 0) return traits_type::eof();
    setg(buffer_.data(), buffer_.data(), buffer_.data() + octets);
    return traits_type::to_int_type(buffer_.front());
}

}  // namespace smtpblock
