#include "cli/pager.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>
#include <vector>

extern char** environ;

namespace smtpblock {
namespace {

bool is_in_path(const std::string& program, std::string_view path) {
    while (true) {
        const auto folder = path.substr(0, path.find(':'));
        const std::string file = (folder.empty() ? "." : std::string(folder)) + "/" + program;
        if (::access(file.c_str(), X_OK) == 0) return true;
        if (folder.size() == path.size()) return false;
        path.remove_prefix(folder.size() + 1);
    }
}

/// This process's environment with what makes less leave when all fits on the screen, pass colours
/// on and take our output for the UTF-8 that it is; what the user has set himself stays.
std::vector<char*> environment_for_pager() {
    static std::array<std::string, 2> ours{"LESS=FRX", "LESSCHARSET=utf-8"};
    std::vector<char*> environment;
    for (char** variable = environ; *variable != nullptr; ++variable)
        environment.push_back(*variable);
    for (std::string& variable : ours)
        if (std::getenv(variable.substr(0, variable.find('=')).c_str()) == nullptr)
            environment.push_back(variable.data());
    environment.push_back(nullptr);
    return environment;
}

}  // namespace

std::optional<std::string> pager_command(const char* pager, bool dumb, std::string_view path) {
    if (pager != nullptr) {
        const std::string_view wanted(pager);
        if (wanted.find_first_not_of(" \t") == std::string_view::npos || wanted == "cat")
            return std::nullopt;
        return pager;
    }
    if (dumb || !is_in_path("less", path)) return std::nullopt;
    return "less -FRX";
}

Pager::Pager(const std::string& command) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        start_error_ = errno;
        return;
    }
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    sigset_t defaults;
    ::sigemptyset(&defaults);
    ::sigaddset(&defaults, SIGPIPE);  // we ignore it, and it would stay ignored
    ::posix_spawnattr_setsigdefault(&attributes, &defaults);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    std::array<std::string, 3> words{"sh", "-c", command};
    const std::array<char*, 4> arguments{words[0].data(), words[1].data(), words[2].data(),
                                         nullptr};
    start_error_ = ::posix_spawn(&process_, "/bin/sh", &actions, &attributes, arguments.data(),
                                 environment_for_pager().data());
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[0]);
    pipe_ = ends[1];
    if (start_error_ != 0) return;
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGINT, &ignore, &on_interrupt_before_);
}

Pager::~Pager() {
    const bool ran = process_ > 0;
    close_and_wait(this);
    if (ran) ::sigaction(SIGINT, &on_interrupt_before_, nullptr);
}

int Pager::write(std::string_view text) {
    return start_error_ != 0 ? start_error_ : write_all(pipe_, text);
}

void Pager::close_and_wait(void* pager) {
    auto& self = *static_cast<Pager*>(pager);
    if (self.pipe_ >= 0) ::close(std::exchange(self.pipe_, -1));
    if (self.process_ <= 0) return;
    while (::waitpid(self.process_, nullptr, 0) == -1 && errno == EINTR) {
    }
    self.process_ = -1;
}

int write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN) {  // somebody's pipe that does not block
            pollfd writable{descriptor, POLLOUT, 0};
            static_cast<void>(::poll(&writable, 1, -1));
            continue;
        }
        if (written < 0) return errno;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

}  // namespace smtpblock
