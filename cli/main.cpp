// The process around run_program(): descriptors, signals, and the last exception.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <vector>

#include "cli/run.h"
#include "common/interruption.h"

namespace {

using namespace smtpblock;

/// A descriptor that was closed would be given to the next file that is opened: the store. What is
/// put there instead refuses to be read (0) or written (1, 2).
void keep_standard_descriptors() {
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(descriptor, F_GETFD) == -1 && errno == EBADF)
            static_cast<void>(
                ::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY));
}

int write_all(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN) {  // somebody's pipe that does not block
            pollfd writable{STDOUT_FILENO, POLLOUT, 0};
            static_cast<void>(::poll(&writable, 1, -1));
            continue;
        }
        if (written < 0) return errno;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

void tell_syslog(const std::string& line) {
    ::syslog(LOG_AUTHPRIV | LOG_NOTICE, "%s", line.c_str());
}

std::optional<std::string> environment(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
}

/// Of the terminal that a descriptor is; 0: it is none, or does not know.
std::size_t columns_of(int descriptor) {
    winsize size{};
    return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

Terminal::Traits traits() {
    const bool knows_escapes = environment("TERM").value_or("dumb") != "dumb";
    return {.can_ask = ::isatty(STDIN_FILENO) == 1,
            .for_people = ::isatty(STDOUT_FILENO) == 1,
            .may_color = knows_escapes && !environment("NO_COLOR"),
            .columns = columns_of(STDOUT_FILENO),
            .error_columns = knows_escapes ? columns_of(STDERR_FILENO) : 0};
}

}  // namespace

int main(int argc, char** argv) try {
    keep_standard_descriptors();
    std::signal(SIGPIPE, SIG_IGN);
    end_when_interrupted();
    const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    const Surroundings surroundings{
        environment, std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()),
        tell_syslog};
    Terminal terminal(std::cin, write_all, std::cerr, traits());
    return run_program(words, surroundings, terminal);
} catch (const std::exception& exception) {
    std::cerr << "smtpblock: unexpected: " << exception.what() << '\n';
    return 1;
}
