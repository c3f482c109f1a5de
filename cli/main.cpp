// The process around run_program(): descriptors, signals, and the last exception.
#include <fcntl.h>
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
#include "cli/standard_input.h"
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

void tell_syslog(const std::string& line) {
    ::syslog(LOG_AUTHPRIV | LOG_NOTICE, "%s", line.c_str());
}

std::optional<std::string> environment(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
}

/// Of the terminal that a descriptor is, the usual number where it does not know; 0: it is none.
std::size_t columns_of(int descriptor) {
    winsize size{};
    if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col != 0) return size.ws_col;
    return ::isatty(descriptor) == 1 ? 80 : 0;
}

Terminal::Traits traits() {
    const bool knows_escapes = environment("TERM").value_or("dumb") != "dumb";
    const bool for_people = ::isatty(STDOUT_FILENO) == 1;
    return {.can_ask = ::isatty(STDIN_FILENO) == 1,
            .for_people = for_people,
            .may_color = knows_escapes && !environment("NO_COLOR"),
            .columns = columns_of(STDOUT_FILENO),
            .error_columns = knows_escapes ? columns_of(STDERR_FILENO) : 0,
            .pager = for_people ? pager_command(std::getenv("PAGER"), !knows_escapes,
                                                environment("PATH").value_or(""))
                                : std::nullopt};
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
    const auto write = [](std::string_view text) { return write_all(STDOUT_FILENO, text); };
    StandardInput standard_input;
    std::istream in(&standard_input);
    Terminal terminal(in, write, std::cerr, traits());
    return run_program(words, surroundings, terminal);
} catch (const std::exception& exception) {
    std::cerr << "smtpblock: unexpected: " << exception.what() << '\n';
    return 1;
}
