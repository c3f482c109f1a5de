#include "cli/editor.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "cli/json.h"
#include "common/result.h"
#include "common/text.h"

namespace smtpblock {
namespace {

constexpr std::size_t longest_name = 64;
constexpr uid_t nobody_logged_in = static_cast<uid_t>(-1);  // proc(5): what the kernel says then

std::string name_of(uid_t uid) {
    const passwd* entry = ::getpwuid(uid);
    std::string name = entry != nullptr ? printable(entry->pw_name) : fmt::format("uid {}", uid);
    const char* claimed = uid == 0 ? std::getenv("SUDO_USER") : nullptr;
    if (claimed != nullptr && *claimed != '\0')
        name += fmt::format(" ({})", printable(std::string_view(claimed).substr(0, longest_name)));
    return name;
}

std::optional<uid_t> login_uid() {
    std::ifstream file("/proc/self/loginuid");
    uid_t uid = nobody_logged_in;
    if (file >> uid && uid != nobody_logged_in) return uid;
    return std::nullopt;
}

}  // namespace

Editor editor_at(Time now) {
    const uid_t uid = ::getuid();
    return {name_of(uid), now, uid, login_uid()};
}

std::string identity_of(const Editor& editor) {
    std::string identity = fmt::format("by={} uid={}", json_string(editor.name), editor.uid);
    if (editor.login_uid) identity += fmt::format(" login_uid={}", *editor.login_uid);
    return identity;
}

}  // namespace smtpblock
